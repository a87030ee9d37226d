// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

@Suite struct CronScheduleTests {
    /// "2026-03-29 01:59:00" of a clock, as seconds.
    private static func seconds(_ text: String) -> Int {
        let parts = text.split { "-: ".contains($0) }.compactMap { Int($0) }
        return CivilTime.day(parts[0], parts[1], parts[2]) * 86_400 + parts[3] * 3600 + parts[4] * 60
            + (parts.count > 5 ? parts[5] : 0)
    }

    private static func text(_ seconds: Int) -> String {
        let time = CivilTime(seconds: seconds)
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(time.year)-\(two(time.month))-\(two(time.day)) \(two(time.hour)):\(two(time.minute))"
    }

    /// The times after `start`, all in UTC.
    private func times(_ expression: String, after start: String, _ count: Int, zone: TimeZoneRules = .utc)
        throws -> [String]
    {
        let schedule = try CronSchedule(expression)
        var (at, found): (Int, [String]) = (Self.seconds(start), [])
        for _ in 0..<count {
            at = try #require(schedule.next(after: at, in: zone))
            found.append(Self.text(at))
        }
        return found
    }

    static let cases: [(String, String, [String])] = [
        ("* * * * *", "2026-01-01 00:00:30", ["2026-01-01 00:01", "2026-01-01 00:02"]),
        ("*/20 * * * *", "2026-01-01 00:00", ["2026-01-01 00:20", "2026-01-01 00:40", "2026-01-01 01:00"]),
        (
            "5/20 3 * * *", "2026-01-01 00:00",
            ["2026-01-01 03:05", "2026-01-01 03:25", "2026-01-01 03:45", "2026-01-02 03:05"]
        ),
        ("0 3 * * *", "2026-01-01 03:00", ["2026-01-02 03:00", "2026-01-03 03:00"]),
        ("0 9-17/4 * * 1-5", "2026-01-02 13:30", ["2026-01-02 17:00", "2026-01-05 09:00"]),
        ("30 8,20 * * *", "2026-12-31 20:30", ["2027-01-01 08:30"]),
        ("0 0 29 2 *", "2026-01-01 00:00", ["2028-02-29 00:00", "2032-02-29 00:00"]),
        ("0 0 29 2 *", "2096-03-01 00:00", ["2104-02-29 00:00"]),
        ("0 0 31 * *", "2026-01-31 00:00", ["2026-03-31 00:00", "2026-05-31 00:00"]),
        ("0 0 1 jan *", "2026-01-01 00:00", ["2027-01-01 00:00"]),
        ("0 0 * * sun", "2026-01-01 00:00", ["2026-01-04 00:00", "2026-01-11 00:00"]),
        ("0 0 * * 7", "2026-01-01 00:00", ["2026-01-04 00:00"]),
        (
            "0 0 * * fri-7", "2026-01-01 00:00",
            ["2026-01-02 00:00", "2026-01-03 00:00", "2026-01-04 00:00", "2026-01-09 00:00"]
        ),
        ("0 0 13 * 5", "2026-01-01 00:00", ["2026-01-02 00:00", "2026-01-09 00:00", "2026-01-13 00:00"]),
        // A day that begins with * is no restriction of its own: both must match.
        ("0 0 */10 * 1", "2026-06-01 00:00", ["2026-08-31 00:00"]),
        ("@daily", "2026-02-28 12:00", ["2026-03-01 00:00"]),
        ("@Hourly", "2026-02-28 23:10", ["2026-03-01 00:00"]),
        ("@weekly", "2026-01-01 00:00", ["2026-01-04 00:00"]),
        ("@monthly", "2026-01-01 00:00", ["2026-02-01 00:00"]),
        ("@yearly", "2026-01-01 00:00", ["2027-01-01 00:00"]),
    ]

    @Test(arguments: cases.indices) func expressionsAreDue(_ index: Int) throws {
        let (expression, start, expected) = Self.cases[index]
        #expect(try times(expression, after: start, expected.count) == expected, "\(expression)")
    }

    @Test(arguments: [
        ("", "five fields expected"), ("* * * *", "five fields"), ("* * * * * *", "not 6"),
        ("60 * * * *", "minute '60': must be a number from 0 to 59"), ("* 24 * * *", "hour '24'"),
        ("* * 0 * *", "day of the month '0'"),
        ("* * * 13 *", "month '13': must be a number from 1 to 12 or a name such as jan"),
        ("* * * * 8", "day of the week '8'"), ("* * * foo *", "month 'foo'"),
        ("*/0 * * * *", "a step must be a number from 1"),
        ("5-1 * * * *", "runs backwards"), ("1,,2 * * * *", "minute ''"), ("1- * * * *", "minute '1-'"),
        ("a * * * *", "minute 'a'"), ("99999999999999999999 * * * *", "minute '99999"),
        ("-1 * * * *", "minute '-1'"),
        ("0 0 31 2 *", "there is no such date"), ("0 0 31 4,6 *", "there is no such date"),
        ("@never", "unknown name @never"),
        ("*/-1 * * * *", "a step must be"), ("1/x * * * *", "a step must be"), ("** * * * *", "minute '**'"),
    ]) func whatIsNoExpressionIsExplained(_ expression: String, _ reason: String) {
        do {
            _ = try CronSchedule(expression)
            Issue.record("\(expression) was taken")
        } catch {
            #expect(error.text.contains(reason), "\(error.text)")
        }
    }

    // MARK: Changes of clocks

    /// Forward at 02:00 on 29 March 2026, back at 03:00 on 25 October: 01:00 UTC both.
    private static let berlin = TimeZoneRules(posix: "CET-1CEST,M3.5.0,M10.5.0/3") ?? .utc

    @Test func aTimeThatIsLeftOutIsDueAtTheChange() throws {
        #expect(
            try times("30 2 * * *", after: "2026-03-28 00:00", 3, zone: Self.berlin)
                == ["2026-03-28 01:30", "2026-03-29 01:00", "2026-03-30 00:30"])
    }

    @Test func aTimeThatComesTwiceIsDueOnce() throws {
        #expect(
            try times("30 2 * * *", after: "2026-10-24 12:00", 2, zone: Self.berlin)
                == ["2026-10-25 00:30", "2026-10-26 01:30"])
    }

    @Test func everyHourMeansEachHourThatThereIs() throws {
        #expect(
            try times("0 * * * *", after: "2026-03-29 00:00", 3, zone: Self.berlin)
                == ["2026-03-29 01:00", "2026-03-29 02:00", "2026-03-29 03:00"])
        #expect(
            try times("0 * * * *", after: "2026-10-24 23:30", 4, zone: Self.berlin)
                == ["2026-10-25 00:00", "2026-10-25 01:00", "2026-10-25 02:00", "2026-10-25 03:00"])
    }

    @Test func everyTwoHoursGoesByTheClockOnTheWall() throws {
        // 00:00, 04:00 (02:00 is left out), 06:00 of the day when clocks go forward.
        #expect(
            try times("0 */2 * * *", after: "2026-03-28 22:30", 3, zone: Self.berlin)
                == ["2026-03-28 23:00", "2026-03-29 02:00", "2026-03-29 04:00"])
    }

    @Test func midnightExistsInEveryZone() throws {
        // Clocks went forward at midnight in Beirut: the day began at 01:00.
        let beirut = try #require(TimeZoneRules(posix: "EET-2EEST,M3.5.0/0,M10.5.0/0"))
        #expect(
            try times("0 0 * * *", after: "2026-03-27 23:00", 2, zone: beirut)
                == ["2026-03-28 22:00", "2026-03-29 21:00"])
    }

    /// Two ways to the same times: minute by minute, and by `next`.
    @Test(arguments: ["*/7 */5 * * *", "13 4 * * 1,3", "0 12 1-7 * 0", "59 23 28-31 * *"])
    func theNextTimeIsTheFirstThatMatches(_ expression: String) throws {
        let schedule = try CronSchedule(expression)
        let start = Self.seconds("2026-02-20 00:00")
        var at = start
        for _ in 0..<20 {
            let next = try #require(schedule.next(after: at, in: .utc))
            // Every minute in between has another next time than itself.
            var minute = at / 60 * 60 + 60
            while minute < next {
                #expect(schedule.next(after: minute - 1, in: .utc) == next)
                minute += 7 * 60
            }
            #expect(schedule.next(after: next - 1, in: .utc) == next)
            at = next
        }
    }
}

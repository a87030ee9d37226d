// SPDX-License-Identifier: MIT
import Testing

@testable import LuaHTTP

@Suite("ObsoleteDate")
struct ObsoleteDateTests {
    /// In 2026.
    private static let now: Int64 = 1_795_000_000

    private func parse(_ text: String, now: Int64 = now) -> Int64? {
        Array(text.utf8).withUnsafeBytes { ObsoleteDate.parse($0, now: now) }
    }

    private static let weekdays = [
        "Sun": "Sunday", "Mon": "Monday", "Tue": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday",
        "Fri": "Friday", "Sat": "Saturday",
    ]

    /// The three forms of a time.
    private func forms(_ seconds: Int64) -> (String, mail: String, c: String) {
        let text = HTTPDate.bytes(seconds).text
        let words = text.split(separator: " ").map(String.init)
        let (day, weekday) = (words[1], String(words[0].prefix(3)))
        let padded = day.hasPrefix("0") ? " " + day.dropFirst() : day
        return (
            text,
            "\(Self.weekdays[weekday] ?? "?"), \(day)-\(words[2])-\(words[3].suffix(2)) \(words[4]) GMT",
            "\(weekday) \(words[2]) \(padded) \(words[4]) \(words[3])"
        )
    }

    @Test("those of the RFC")
    func examples() {
        #expect(parse("Sunday, 06-Nov-94 08:49:37 GMT") == 784_111_777)
        #expect(parse("Sun Nov  6 08:49:37 1994") == 784_111_777)
        #expect(parse("Sun Nov 06 08:49:37 1994") == 784_111_777)
        #expect(Array("Sun Nov  6 08:49:37 1994".utf8).withUnsafeBytes(HTTPDate.parse) == 784_111_777)
        #expect(Array("Sunday, 06-Nov-94 08:49:37 GMT".utf8).withUnsafeBytes(HTTPDate.parse) == 784_111_777)
    }

    @Test("every day of 98 years, so every weekday and month, reads as in the form of today")
    func everyDay() {
        // From 1978 to 2075: what the years of two digits mean in 2026.
        for day in Int64(2922)..<(2922 + 98 * 365) {
            let seconds = day * 86_400 + (day * 7919) % 86_400
            let (_, mail, c) = forms(seconds)
            #expect(parse(mail) == seconds, "\(mail)")
            #expect(parse(c) == seconds, "\(c)")
        }
    }

    @Test("a year of two digits is not more than 50 years ahead")
    func century() {
        func year(_ digits: Int, now: Int64) -> Int? {
            // The weekday is not known before the year is.
            for name in Self.weekdays.values {
                let text = "\(name), 15-Jun-\(digits < 10 ? "0" : "")\(digits) 00:00:00 GMT"
                if let seconds = parse(text, now: now) { return HTTPDate.year(seconds) }
            }
            return nil
        }
        #expect(year(94, now: Self.now) == 1994 && year(26, now: Self.now) == 2026)
        #expect(year(27, now: Self.now) == 2027 && year(75, now: Self.now) == 2075)
        #expect(year(76, now: Self.now) == 2076)  // June is before November
        #expect(year(77, now: Self.now) == 1977)
        // On 1 January 2026 the June of 2076 is too far away.
        #expect(year(76, now: 1_767_225_600) == 1976)
        // In 2099 a year 01 is one that comes.
        #expect(year(1, now: 4_080_000_000) == 2101 && year(99, now: 4_080_000_000) == 2099)
    }

    @Test(arguments: [
        "", "Sunday", "Monday, 06-Nov-94 08:49:37 GMT", "sunday, 06-Nov-94 08:49:37 GMT",
        "Sundays, 06-Nov-94 08:49:37 GMT", "Sunday,  06-Nov-94 08:49:37 GMT",
        "Sunday, 06 Nov 94 08:49:37 GMT",
        "Sunday, 06-nov-94 08:49:37 GMT", "Sunday, 6-Nov-94 08:49:37 GMT", "Sunday,  6-Nov-94 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT", "Sunday, 06-Nov-94 24:49:37 GMT",
        "Sunday, 06-Nov-94 08:60:37 GMT",
        "Sunday, 06-Nov-94 08:49:61 GMT", "Sunday, 06-Nov-94 08:49:37 UTC", "Sunday, 06-Nov-9x 08:49:37 GMT",
        "Sunday, 31-Nov-94 08:49:37 GMT", "Sunday; 06-Nov-94 08:49:37 GMT", "Sunday, 06-Nov-94 08.49.37 GMT",
        "Mon Nov  6 08:49:37 1994", "Sun nov  6 08:49:37 1994", "Sun Nov   6 08:49:37 1994",
        "Sun Nov 6 08:49:37 1994", "Sun Nov  0 08:49:37 1994", "Sun Nov    08:49:37 1994",
        "Sun Nov  6 24:49:37 1994", "Sun Nov  6 08:60:37 1994", "Sun Nov  6 08:49:61 1994",
        "Sun Nov 31 08:49:37 1994", "Sun Nov  6 08:49:37 199x", "Sun Nov  6 08:49:37 94  ",
        "Sun Nov  6 08.49.37 1994", "Sun,Nov  6 08:49:37 1994", "Thu Jan  1 00:00:00 1969",
        "Sun Nov -6 08:49:37 1994",
    ])
    func refused(text: String) { #expect(parse(text) == nil) }

    @Test("no bytes trap")
    func random() {
        var numbers = SeededNumbers(seed: 5)
        let seeds = [
            "Sunday, 06-Nov-94 08:49:37 GMT", "Wednesday, 29-Feb-00 23:59:60 GMT", "Sun Nov  6 08:49:37 1994",
        ]
        for round in 0..<50_000 {
            var bytes = Array(seeds[round % seeds.count].utf8)
            for _ in 0..<Int.random(in: 1...6, using: &numbers) {
                let index = Int.random(in: 0..<bytes.count, using: &numbers)
                bytes[index] = UInt8.random(in: 0...255, using: &numbers)
            }
            let now = Int64.random(in: 0...4_102_444_800, using: &numbers)
            if let seconds = bytes.withUnsafeBytes({ ObsoleteDate.parse($0, now: now) }) {
                #expect(seconds >= 0)
            }
        }
    }
}

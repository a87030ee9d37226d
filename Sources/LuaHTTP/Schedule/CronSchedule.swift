// SPDX-License-Identifier: MIT

/// When a cron expression is due: five fields, or a name such as @daily. Pure; knows no clock.
///
/// A time that a change of clocks leaves out is due at the change; one that comes twice is due once. Expressions
/// whose hour begins with `*` go by elapsed time instead: each hour that there is (as Vixie cron does).
struct CronSchedule: Equatable, Sendable {
    private var minutes: UInt64 = 0
    private var hours: UInt64 = 0
    private var days: UInt64 = 0
    private var months: UInt64 = 0
    private var weekdays: UInt64 = 0
    /// Both days are restricted: either is enough (POSIX, crontab).
    private var eitherDay = false
    private var isHourly = false

    struct Mistake: Error, Equatable {
        let text: String
    }

    fileprivate struct Field {
        let name: String
        let range: ClosedRange<Int>
        var names: [String] = []
        /// Value of the first name.
        var firstName = 1
    }

    private static let fields = [
        Field(name: "minute", range: 0...59),
        Field(name: "hour", range: 0...23),
        Field(name: "day of the month", range: 1...31),
        Field(
            name: "month", range: 1...12,
            names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
        Field(
            name: "day of the week", range: 0...7,
            names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"], firstName: 0),
    ]

    private static let nicknames = [
        "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
        "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
    ]

    init(_ expression: String) throws(Mistake) {
        var text = expression.lowercased()
        if text.hasPrefix("@") {
            guard let meant = Self.nicknames[text] else {
                throw Mistake(
                    text: "unknown name \(expression): there are @hourly, @daily, @weekly, @monthly, @yearly")
            }
            text = meant
        }
        let parts = text.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard parts.count == 5 else {
            throw Mistake(
                text:
                    "five fields expected (minute, hour, day of the month, month, day of the week), not \(parts.count)"
            )
        }
        var sets: [UInt64] = []
        for (part, field) in zip(parts, Self.fields) { sets.append(try Self.parse(part, field)) }
        (minutes, hours, days, months, weekdays) = (sets[0], sets[1], sets[2], sets[3], sets[4])
        if weekdays & 1 << 7 != 0 { weekdays |= 1 }  // 7 is Sunday too
        eitherDay = !parts[2].hasPrefix("*") && !parts[4].hasPrefix("*")
        isHourly = parts[1].hasPrefix("*")
        guard canEverBeDue else { throw Mistake(text: "there is no such date") }
    }

    // MARK: Parsing

    /// "a", "a-b", "*", each with "/step", separated by commas.
    private static func parse(_ text: Substring, _ field: Field) throws(Mistake) -> UInt64 {
        var set: UInt64 = 0
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let halves = item.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            var step = 1
            if halves.count == 2 {
                guard let number = number(halves[1]), number > 0, number <= field.range.upperBound else {
                    throw mistake(item, field, "a step must be a number from 1 to \(field.range.upperBound)")
                }
                step = number
            }
            let span = try range(halves.first ?? "", item, field, hasStep: halves.count == 2)
            for value in stride(from: span.lowerBound, through: span.upperBound, by: step) {
                set |= 1 << UInt64(value)
            }
        }
        return set
    }

    private static func range(
        _ text: Substring, _ item: Substring, _ field: Field, hasStep: Bool
    ) throws(Mistake) -> ClosedRange<Int> {
        if text == "*" { return field.range.lowerBound...min(field.range.upperBound, field.last) }
        let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = ends.first.flatMap({ value($0, field) }) else {
            throw mistake(item, field, field.values)
        }
        guard ends.count == 2 else { return first...(hasStep ? max(first, field.last) : first) }
        guard let last = value(ends[1], field) else { throw mistake(item, field, field.values) }
        guard first <= last else { throw mistake(item, field, "the range runs backwards") }
        return first...last
    }

    private static func value(_ text: Substring, _ field: Field) -> Int? {
        if let index = field.names.firstIndex(of: String(text)) { return index + field.firstName }
        return number(text).flatMap { field.range.contains($0) ? $0 : nil }
    }

    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 4, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text)
    }

    private static func mistake(_ item: Substring, _ field: Field, _ reason: String) -> Mistake {
        Mistake(text: "\(field.name) '\(item)': \(reason)")
    }

    /// February has at most 29 days, April 30; with a day of the week something is always due.
    private var canEverBeDue: Bool {
        guard !eitherDay else { return true }
        let longest = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return (1...12).contains { month in
            months & 1 << UInt64(month) != 0
                && (1...longest[month - 1]).contains { days & 1 << UInt64($0) != 0 }
        }
    }

    // MARK: The next time

    /// The first time after `time`, in seconds since 1970 (UTC) as all of these are; nil when there is none within
    /// the 40 years that rules of zones can be trusted for.
    func next(after time: Int, in zone: TimeZoneRules) -> Int? {
        isHourly ? nextElapsed(after: time, zone) : nextFixed(after: time, zone)
    }

    private static let horizon = 40 * 366 * CivilTime.secondsPerDay

    /// Walks along real time; the clock on the wall may jump on the way.
    private func nextElapsed(after time: Int, _ zone: TimeZoneRules) -> Int? {
        var at = (CivilTime.floorDivide(time, 60) + 1) * 60
        while at - time < Self.horizon {
            let local = at + zone.offset(at: at)
            let step = secondsToSkip(local)
            guard step > 0 else { return at }
            // Not past a change of clocks, which comes at a whole minute.
            var target = at + step
            if zone.offset(at: target) != zone.offset(at: at) { target = zone.change(after: at, by: target) }
            at = max(target, at + 60)
        }
        return nil
    }

    /// Walks along the clock on the wall, and asks for each match when that is.
    private func nextFixed(after time: Int, _ zone: TimeZoneRules) -> Int? {
        // An hour back, for the change of clocks that was just now.
        var local = (CivilTime.floorDivide(time + zone.offset(at: time), 60) + 1) * 60 - 2 * 3600
        let end = local + Self.horizon
        while local < end {
            let step = secondsToSkip(local)
            if step == 0 {
                let at = zone.instant(ofLocal: local)
                if at > time { return at }
                local += 60
            } else {
                local += step
            }
        }
        return nil
    }

    /// 0 when the minute that begins at `local` matches, else how far the next one that may is at least.
    private func secondsToSkip(_ local: Int) -> Int {
        let time = CivilTime(seconds: local)
        let sinceMidnight = time.hour * 3600 + time.minute * 60
        guard months & 1 << UInt64(time.month) != 0 else {
            // To the first of the next month.
            let next =
                time.month == 12
                ? CivilTime.day(time.year + 1, 1, 1) : CivilTime.day(time.year, time.month + 1, 1)
            return next * CivilTime.secondsPerDay - local
        }
        let isDay = days & 1 << UInt64(time.day) != 0
        let isWeekday = weekdays & 1 << UInt64(CivilTime.weekday(seconds: local)) != 0
        guard eitherDay ? isDay || isWeekday : isDay && isWeekday else {
            return CivilTime.secondsPerDay - sinceMidnight
        }
        guard hours & 1 << UInt64(time.hour) != 0 else { return 3600 - time.minute * 60 }
        return minutes & 1 << UInt64(time.minute) != 0 ? 0 : 60
    }
}

extension CronSchedule.Field {
    /// The last value that `*` and `a/n` stand for: 7 is another name of Sunday.
    fileprivate var last: Int { range.upperBound == 7 ? 6 : range.upperBound }

    fileprivate var values: String {
        names.isEmpty
            ? "must be a number from \(range.lowerBound) to \(range.upperBound)"
            : "must be a number from \(range.lowerBound) to \(range.upperBound) or a name such as \(names[0])"
    }
}

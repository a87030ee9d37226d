// SPDX-License-Identifier: MIT

/// A zone by rule, as POSIX writes it: `CET-1CEST,M3.5.0,M10.5.0/3`. What zoneinfo files end with, for all years
/// after their last change.
struct PosixZone: Equatable, Sendable {
    private var standard = 0
    private var summer: Summer?

    private struct Summer: Equatable, Sendable {
        var offset: Int
        var start: Rule
        var end: Rule
    }

    /// A day of each year, and the seconds after its midnight.
    private struct Rule: Equatable, Sendable {
        enum Day: Equatable, Sendable {
            /// Weekday of a week of a month; the fifth is the last one.
            case weekday(month: Int, week: Int, day: Int)
            /// 1 to 365; 29 February is not counted.
            case julian(Int)
            /// 0 to 365.
            case ordinal(Int)
        }

        var day: Day
        var seconds: Int

        /// Seconds since 1970 of the clock on the wall, in a year.
        func time(in year: Int) -> Int {
            let first = CivilTime.day(year, 1, 1)
            let days: Int
            switch day {
            case .ordinal(let number): days = first + number
            case .julian(let number):
                days = first + number - 1 + (CivilTime.isLeap(year) && number > 59 ? 1 : 0)
            case .weekday(let month, let week, let weekday):
                let start = CivilTime.day(year, month, 1)
                let next = month == 12 ? CivilTime.day(year + 1, 1, 1) : CivilTime.day(year, month + 1, 1)
                let firstWeekday = CivilTime.weekday(seconds: start * CivilTime.secondsPerDay)
                var day = start + (weekday - firstWeekday + 7) % 7 + 7 * (week - 1)
                if day >= next { day -= 7 }
                days = day
            }
            return days * CivilTime.secondsPerDay + seconds
        }
    }

    init?(_ text: String) {
        var rest = Substring(text)
        guard Self.skipName(&rest), let offset = Self.time(&rest) else { return nil }
        standard = -offset  // POSIX counts westwards
        guard !rest.isEmpty else { return }
        guard Self.skipName(&rest) else { return nil }
        var summerOffset = standard + 3600
        if let first = rest.first, first != "," {
            guard let offset = Self.time(&rest) else { return nil }
            summerOffset = -offset
        }
        guard Self.skip(",", &rest), let start = Self.rule(&rest), Self.skip(",", &rest),
            let end = Self.rule(&rest), rest.isEmpty
        else { return nil }
        summer = Summer(offset: summerOffset, start: start, end: end)
    }

    func offset(at time: Int) -> Int {
        guard let summer else { return standard }
        let year = CivilTime(seconds: time + standard).year
        let start = summer.start.time(in: year) - standard
        let end = summer.end.time(in: year) - summer.offset
        // In the south summer goes over the turn of the year.
        let isSummer = start < end ? time >= start && time < end : time >= start || time < end
        return isSummer ? summer.offset : standard
    }

    // MARK: Parsing

    private static func skip(_ character: Character, _ text: inout Substring) -> Bool {
        guard text.first == character else { return false }
        text.removeFirst()
        return true
    }

    /// "CET" or "<+0330>".
    private static func skipName(_ text: inout Substring) -> Bool {
        if text.first == "<" {
            guard let end = text.firstIndex(of: ">") else { return false }
            text = text[text.index(after: end)...]
            return true
        }
        let name = text.prefix { $0.isASCII && $0.isLetter }
        text = text.dropFirst(name.count)
        return name.count >= 3
    }

    private static func number(_ text: inout Substring) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty, digits.count <= 3 else { return nil }
        text = text.dropFirst(digits.count)
        return Int(digits)
    }

    /// "[+-]hh[:mm[:ss]]" in seconds.
    private static func time(_ text: inout Substring) -> Int? {
        var sign = 1
        if skip("-", &text) { sign = -1 } else { _ = skip("+", &text) }
        guard var seconds = number(&text).map({ $0 * 3600 }) else { return nil }
        for unit in [60, 1] where text.first == ":" {
            text.removeFirst()
            guard let part = number(&text) else { return nil }
            seconds += part * unit
        }
        return sign * seconds
    }

    /// "M3.5.0/2", "J60" or "59".
    private static func rule(_ text: inout Substring) -> Rule? {
        let day: Rule.Day
        if skip("M", &text) {
            guard let month = number(&text), (1...12).contains(month), skip(".", &text),
                let week = number(&text), (1...5).contains(week), skip(".", &text),
                let weekday = number(&text), (0...6).contains(weekday)
            else { return nil }
            day = .weekday(month: month, week: week, day: weekday)
        } else if skip("J", &text) {
            guard let number = number(&text), (1...365).contains(number) else { return nil }
            day = .julian(number)
        } else {
            guard let number = number(&text), (0...365).contains(number) else { return nil }
            day = .ordinal(number)
        }
        var seconds = 2 * 3600
        if skip("/", &text) {
            guard let time = time(&text) else { return nil }
            seconds = time
        }
        return Rule(day: day, seconds: seconds)
    }
}

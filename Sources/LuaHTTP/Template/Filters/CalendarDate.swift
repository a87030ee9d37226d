// SPDX-License-Identifier: MIT

/// A moment in UTC as calendar fields, and strftime's way to write them. Knows no time zones and no
/// languages.
struct CalendarDate {
    private let year: Int64, month: Int, day: Int, dayOfYear: Int, weekday: Int
    private let second: Int64
    private let seconds: Int64

    init(seconds: Int64) {
        self.seconds = seconds
        // Days since 0000-03-01, in eras of 400 years (Howard Hinnant, "chrono-compatible low-level date
        // algorithms").
        let days = (seconds >= 0 ? seconds : seconds - 86_399) / 86_400
        second = seconds - days * 86_400
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let sinceMarch = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * sinceMarch + 2) / 153
        day = Int(sinceMarch - (153 * marchMonth + 2) / 5 + 1)
        month = Int(marchMonth < 10 ? marchMonth + 3 : marchMonth - 9)
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        weekday = Int(((days + 4) % 7 + 7) % 7)
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]
        dayOfYear = before[month - 1] + day + (isLeap && month > 2 ? 1 : 0)
    }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
        "November",
        "December",
    ]
    private static let weekdays = [
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    ]

    private func padded(_ value: Int64, _ width: Int = 2, _ fill: String = "0") -> String {
        let text = String(value)
        return String(repeating: fill, count: max(0, width - text.utf8.count)) + text
    }

    func formatted(_ format: String) -> String {
        var result = ""
        var isEscape = false
        for character in format {
            if isEscape {
                result += field(character)
                isEscape = false
            } else if character == "%" {
                isEscape = true
            } else {
                result.append(character)
            }
        }
        return isEscape ? result + "%" : result
    }

    private func field(_ character: Character) -> String {
        let hour = second / 3600
        let minute = second / 60 % 60
        switch character {
        case "Y": return padded(year, 4)
        case "y": return padded((year % 100 + 100) % 100)
        case "m": return padded(Int64(month))
        case "d": return padded(Int64(day))
        case "e": return padded(Int64(day), 2, " ")
        case "j": return padded(Int64(dayOfYear), 3)
        case "H": return padded(hour)
        case "I": return padded((hour + 11) % 12 + 1)
        case "p": return hour < 12 ? "AM" : "PM"
        case "M": return padded(minute)
        case "S": return padded(second % 60)
        case "B": return Self.months[month - 1]
        case "b", "h": return String(Self.months[month - 1].prefix(3))
        case "A": return Self.weekdays[weekday]
        case "a": return String(Self.weekdays[weekday].prefix(3))
        case "u": return String(weekday == 0 ? 7 : weekday)
        case "w": return String(weekday)
        case "F": return formatted("%Y-%m-%d")
        case "T": return formatted("%H:%M:%S")
        case "R": return formatted("%H:%M")
        case "D": return formatted("%m/%d/%y")
        case "z": return "+0000"
        case "Z": return "UTC"
        case "s": return String(seconds)
        case "n": return "\n"
        case "t": return "\t"
        case "%": return "%"
        default: return "%" + String(character)
        }
    }
}

// SPDX-License-Identifier: MIT

/// The two obsolete forms of HTTP dates: nobody may write them, everybody must read them (RFC 9110 §5.6.7).
/// Pure: what time it is comes in, for years of two digits.
enum ObsoleteDate {
    /// Seconds since 1970, or nil.
    static func parse(_ bytes: UnsafeRawBufferPointer, now: Int64) -> Int64? {
        switch bytes.count {
        case 24: ofC(bytes)
        case 30...33: ofMail(bytes, now: now)
        default: nil
        }
    }

    /// `Sun Nov  6 08:49:37 1994`, as asctime() of C writes it.
    private static func ofC(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        guard bytes[3] == ASCII.space, bytes[7] == ASCII.space, bytes[10] == ASCII.space,
            bytes[13] == ASCII.colon, bytes[16] == ASCII.colon, bytes[19] == ASCII.space,
            let weekday = HTTPDate.index(of: bytes, at: 0, in: HTTPDate.days),
            let month = HTTPDate.index(of: bytes, at: 4, in: HTTPDate.months),
            let day = paddedNumber(bytes, 8), let hour = HTTPDate.number(bytes, 11),
            let minute = HTTPDate.number(bytes, 14), let second = HTTPDate.number(bytes, 17),
            let century = HTTPDate.number(bytes, 20), let years = HTTPDate.number(bytes, 22)
        else { return nil }
        let date = HTTPDate.Parts(
            year: century * 100 + years, month: month, day: day, hour: hour, minute: minute, second: second)
        return seconds(of: date, on: weekday)
    }

    private static let weekdays: [StaticString] = [
        "Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday",
    ]

    /// `Sunday, 06-Nov-94 08:49:37 GMT`, that of RFC 850.
    private static func ofMail(_ bytes: UnsafeRawBufferPointer, now: Int64) -> Int64? {
        let name = UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count - 24)])
        let rest = UnsafeRawBufferPointer(rebasing: bytes[(bytes.count - 24)...])
        guard rest[0] == ASCII.comma, rest[1] == ASCII.space, rest[4] == dash, rest[8] == dash,
            rest[11] == ASCII.space, rest[14] == ASCII.colon, rest[17] == ASCII.colon,
            ASCII.equals(UnsafeRawBufferPointer(rebasing: rest[20...]), " GMT"),
            let weekday = weekdays.firstIndex(where: { ASCII.equals(name, $0) }),
            let month = HTTPDate.index(of: rest, at: 5, in: HTTPDate.months),
            let day = HTTPDate.number(rest, 2), let years = HTTPDate.number(rest, 9),
            let hour = HTTPDate.number(rest, 12), let minute = HTTPDate.number(rest, 15),
            let second = HTTPDate.number(rest, 18)
        else { return nil }
        let last = HTTPDate.year(now) + 50
        var date = HTTPDate.Parts(
            year: last - (last - years) % 100, month: month, day: day, hour: hour, minute: minute,
            second: second)
        // What seems to be more than 50 years ahead is the past.
        if date.year == last, let seconds = date.seconds, seconds > now + fiftyYears { date.year -= 100 }
        return seconds(of: date, on: weekday)
    }

    private static let dash = UInt8(ascii: "-")
    /// Of 365.2425 days.
    private static let fiftyYears: Int64 = 1_577_847_600

    private static func seconds(of date: HTTPDate.Parts, on weekday: Int) -> Int64? {
        guard let seconds = date.seconds, seconds / 86_400 % 7 == weekday else { return nil }
        return seconds
    }

    /// Two digits, or a space and one.
    private static func paddedNumber(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> Int? {
        guard bytes[index] == ASCII.space else { return HTTPDate.number(bytes, index) }
        return ASCII.isDigit(bytes[index + 1]) ? Int(bytes[index + 1] &- 0x30) : nil
    }
}

// SPDX-License-Identifier: MIT
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// IMF-fixdate (RFC 9110 §5.6.7): 29 bytes both ways, without locale, time zone or C library calls. The two obsolete
/// forms, which are only read, are in `ObsoleteDate`.
enum HTTPDate {
    static let length = 29

    static let days: StaticString = "ThuFriSatSunMonTueWed"
    static let months: StaticString = "JanFebMarAprMayJunJulAugSepOctNovDec"

    /// Writes `Sun, 06 Nov 1994 08:49:37 GMT` for seconds since 1970. Years outside 1970…9999 are clamped.
    static func write(_ seconds: Int64, to output: UnsafeMutablePointer<UInt8>) {
        let time = min(max(seconds, 0), 253_402_300_799)
        let day = Int(time / 86_400)
        let second = Int(time % 86_400)
        let civil = civilDate(day: day)
        copy(days, (day % 7) * 3, 3, to: output)
        output[3] = ASCII.comma
        output[4] = ASCII.space
        twoDigits(civil.day, to: output + 5)
        output[7] = ASCII.space
        copy(months, (civil.month - 1) * 3, 3, to: output + 8)
        output[11] = ASCII.space
        twoDigits(civil.year / 100, to: output + 12)
        twoDigits(civil.year % 100, to: output + 14)
        output[16] = ASCII.space
        twoDigits(second / 3600, to: output + 17)
        output[19] = ASCII.colon
        twoDigits(second / 60 % 60, to: output + 20)
        output[22] = ASCII.colon
        twoDigits(second % 60, to: output + 23)
        copy(" GMT", 0, 4, to: output + 25)
    }

    static func bytes(_ seconds: Int64) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            if let base = buffer.baseAddress {
                write(seconds, to: base)
                count = length
            }
        }
    }

    /// Seconds since 1970 of a date in any of the three forms, or nil.
    static func parse(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        guard bytes.count == length else { return ObsoleteDate.parse(bytes, now: Clock.seconds()) }
        guard bytes[3] == ASCII.comma, bytes[4] == ASCII.space,
            bytes[7] == ASCII.space, bytes[11] == ASCII.space, bytes[16] == ASCII.space,
            bytes[19] == ASCII.colon, bytes[22] == ASCII.colon,
            ASCII.equals(UnsafeRawBufferPointer(rebasing: bytes[25..<29]), " GMT"),
            let weekday = index(of: bytes, at: 0, in: days), let month = index(of: bytes, at: 8, in: months),
            let day = number(bytes, 5), let century = number(bytes, 12), let years = number(bytes, 14),
            let hour = number(bytes, 17), let minute = number(bytes, 20), let second = number(bytes, 23)
        else { return nil }
        let date = Parts(
            year: century * 100 + years, month: month, day: day, hour: hour, minute: minute, second: second)
        guard let seconds = date.seconds, seconds / 86_400 % 7 == weekday else { return nil }
        return seconds
    }

    /// What a text says, in numbers of at most four digits. `month`: 0 to 11.
    struct Parts {
        var year: Int
        let month, day, hour, minute, second: Int

        /// Seconds since 1970; nil if there is no such time.
        var seconds: Int64? {
            guard year >= 1970, day >= 1, day <= HTTPDate.daysIn(month: month + 1, year: year), hour < 24,
                minute < 60, second <= 60  // a leap second
            else { return nil }
            let count = HTTPDate.dayNumber(year: year, month: month + 1, day: day)
            return Int64(count) * 86_400 + Int64(hour * 3600 + minute * 60 + min(second, 59))
        }
    }

    /// 1 to 12, of seconds since 1970.
    static func month(_ seconds: Int64) -> Int {
        civilDate(day: Int(min(max(seconds, 0), 253_402_300_799) / 86_400)).month
    }

    static func year(_ seconds: Int64) -> Int {
        civilDate(day: Int(min(max(seconds, 0), 253_402_300_799) / 86_400)).year
    }

    // Civil calendar from day counts after Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms".
    private static func civilDate(day: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = day + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1
        )
    }

    fileprivate static func dayNumber(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted % 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    fileprivate static func daysIn(month: Int, year: Int) -> Int {
        switch month {
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func twoDigits(_ value: Int, to output: UnsafeMutablePointer<UInt8>) {
        output[0] = UInt8(truncatingIfNeeded: value / 10 % 10 + 0x30)
        output[1] = UInt8(truncatingIfNeeded: value % 10 + 0x30)
    }

    static func number(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> Int? {
        guard ASCII.isDigit(bytes[index]), ASCII.isDigit(bytes[index + 1]) else { return nil }
        return Int(bytes[index] &- 0x30) * 10 + Int(bytes[index + 1] &- 0x30)
    }

    static func index(of bytes: UnsafeRawBufferPointer, at offset: Int, in names: StaticString)
        -> Int?
    {
        let name = names.utf8Start
        for index in 0..<(names.utf8CodeUnitCount / 3)
        where name[index * 3] == bytes[offset] && name[index * 3 + 1] == bytes[offset + 1]
            && name[index * 3 + 2] == bytes[offset + 2]
        {
            return index
        }
        return nil
    }

    private static func copy(
        _ text: StaticString, _ offset: Int, _ count: Int, to output: UnsafeMutablePointer<UInt8>
    ) {
        output.update(from: text.utf8Start + offset, count: count)
    }
}

/// The line `Date: …\r\n`, formatted at most once a second. One per event loop.
struct DateCache: ~Copyable {
    static let lineLength = 6 + HTTPDate.length + 2
    private var second: Int64 = -1
    private let line: UnsafeMutablePointer<UInt8>
    private let length: Int

    /// - Parameter lines: field lines that go with it.
    init(followedBy lines: String = "") {
        length = DateCache.lineLength + lines.utf8.count
        line = .allocate(capacity: length)
        let prefix: StaticString = "Date: "
        line.update(from: prefix.utf8Start, count: 6)
        line[DateCache.lineLength - 2] = ASCII.cr
        line[DateCache.lineLength - 1] = ASCII.lf
        for (index, byte) in lines.utf8.enumerated() { line[DateCache.lineLength + index] = byte }
    }

    deinit { line.deallocate() }

    /// The line for now; valid until the next call.
    mutating func current() -> UnsafeRawBufferPointer { line(at: Clock.seconds()) }

    mutating func line(at now: Int64) -> UnsafeRawBufferPointer {
        if now != second {
            second = now
            HTTPDate.write(now, to: line + 6)
        }
        return UnsafeRawBufferPointer(start: line, count: length)
    }
}

/// Cheap clocks: a read of shared kernel memory, exact to a few milliseconds, which is all that dates and
/// timeouts of seconds need.
enum Clock {
    #if canImport(Darwin)
    private static let wall = CLOCK_REALTIME
    private static let steady = CLOCK_MONOTONIC
    #else
    private static let wall = CLOCK_REALTIME_COARSE
    private static let steady = CLOCK_MONOTONIC_COARSE
    #endif

    /// Seconds since 1970.
    static func seconds() -> Int64 {
        var time = timespec()
        clock_gettime(wall, &time)
        return Int64(time.tv_sec)
    }

    /// Milliseconds that never go backwards; for timeouts.
    static func milliseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(steady, &time)
        return UInt64(truncatingIfNeeded: time.tv_sec) &* 1000
            &+ UInt64(truncatingIfNeeded: time.tv_nsec / 1_000_000)
    }
}

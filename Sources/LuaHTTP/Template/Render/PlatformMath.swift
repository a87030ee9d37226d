// SPDX-License-Identifier: MIT

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// What templates need of the C library's mathematics.
enum PlatformMath {
    static func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
}

/// Decimal text of floats with a number of digits: the C library rounds exactly.
enum PlatformText {
    static func fixed(_ value: Double, _ digits: Int) -> String { format("%.*f", digits, value) }

    static func exponential(_ value: Double, _ digits: Int) -> String { format("%.*e", digits, value) }

    static func general(_ value: Double, _ digits: Int) -> String { format("%.*g", digits, value) }

    private static func format(_ format: String, _ digits: Int, _ value: Double) -> String {
        let digits = Int32(clamping: max(0, min(digits, 400)))
        // The longest double has 309 digits before the point.
        var buffer = [CChar](repeating: 0, count: 1024)
        let count = withVaList([digits, value]) { vsnprintf(&buffer, buffer.count, format, $0) }
        return String(
            decoding: buffer.prefix(max(0, min(Int(count), 1023))).map(UInt8.init(bitPattern:)), as: UTF8.self
        )
    }
}

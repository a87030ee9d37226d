// SPDX-License-Identifier: MIT

/// `-?digits[.digits][(e|E)[+-]digits]`: the numbers of JSON and of URLs. Exact: an integer stays one where
/// it fits, a float is the nearest one. Does not judge leading zeros; says whether there are any.
struct DecimalNumber: Equatable {
    enum Value: Equatable {
        case integer(Int64)
        case float(Double)
    }

    enum Failure: Error, Equatable {
        case missingDigit(at: Int)
        /// Greater than any float.
        case notFinite
    }

    let value: Value
    let end: Int
    let hasLeadingZero: Bool

    /// Reads from `start` up to the first byte that does not belong to the number.
    init(_ bytes: UnsafeRawBufferPointer, at start: Int = 0) throws(Failure) {
        var scan = Scan(bytes: bytes, index: start)
        let isNegative = scan.skip(UInt8(ascii: "-"))
        let first = scan.index
        try scan.digits()
        let whole = scan.index - first
        hasLeadingZero = whole > 1 && bytes[first] == UInt8(ascii: "0")
        let isInteger = try !scan.fractionAndExponent()
        end = scan.index
        // JSON's -0 is no Lua integer: its sign would be lost.
        if isInteger, !scan.overflowed, scan.mantissa != 0 || !isNegative,
            let value = Self.integer(scan.mantissa, isNegative)
        {
            self.value = .integer(value)
            return
        }
        if let value = scan.exactFloat {
            self.value = .float(isNegative ? -value : value)
            return
        }
        let text = String(decoding: UnsafeRawBufferPointer(rebasing: bytes[start..<end]), as: UTF8.self)
        guard let value = Double(text), value.isFinite else { throw .notFinite }
        self.value = .float(value)
    }

    private static func integer(_ magnitude: UInt64, _ isNegative: Bool) -> Int64? {
        if isNegative, magnitude == Int64.min.magnitude { return .min }
        return Int64(exactly: magnitude).map { isNegative ? -$0 : $0 }
    }
}

/// The digits read so far.
private struct Scan {
    let bytes: UnsafeRawBufferPointer
    var index: Int
    /// All digits before the exponent, the point left out.
    var mantissa: UInt64 = 0
    var overflowed = false
    /// The power of ten that `mantissa` is to be multiplied by.
    var exponent = 0

    mutating func skip(_ byte: UInt8) -> Bool {
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    mutating func digits() throws(DecimalNumber.Failure) {
        guard index < bytes.count, ASCII.isDigit(bytes[index]) else { throw .missingDigit(at: index) }
        while index < bytes.count, ASCII.isDigit(bytes[index]) {
            let (tens, overflow) = mantissa.multipliedReportingOverflow(by: 10)
            let (sum, overflow2) = tens.addingReportingOverflow(UInt64(bytes[index] &- 0x30))
            overflowed = overflowed || overflow || overflow2
            mantissa = sum
            index += 1
        }
    }

    /// False if there is neither: the number is an integer.
    mutating func fractionAndExponent() throws(DecimalNumber.Failure) -> Bool {
        var found = false
        if skip(UInt8(ascii: ".")) {
            let start = index
            try digits()
            exponent = start - index
            found = true
        }
        if skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) {
            let isNegative = skip(UInt8(ascii: "-"))
            if !isNegative { _ = skip(UInt8(ascii: "+")) }
            var power = Scan(bytes: bytes, index: index)
            try power.digits()
            index = power.index
            // What is beyond a thousand is beyond any float, too; it must not overflow here.
            let value = power.overflowed ? 1000 : Int(min(power.mantissa, 1000))
            exponent += isNegative ? -value : value
            found = true
        }
        return found
    }

    /// Up to 2^53 and up to 10^22 both are exact, so that one operation rounds correctly (Clinger 1990).
    var exactFloat: Double? {
        guard !overflowed, mantissa <= 1 << 53, exponent >= -22, exponent <= 22 else { return nil }
        let power = Self.powersOfTen[Int(exponent.magnitude)]
        return exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power
    }

    private static let powersOfTen: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
        1e19, 1e20, 1e21, 1e22,
    ]
}

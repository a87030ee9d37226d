// SPDX-License-Identifier: MIT

/// Writes into memory reserved beforehand; what would not fit is left out rather than written outside.
struct ByteCursor {
    private let memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(_ memory: UnsafeMutableRawBufferPointer) { self.memory = memory }

    @inline(__always)
    mutating func put(_ text: StaticString) {
        put(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    @inline(__always)
    mutating func put(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, let target = memory.baseAddress,
            bytes.count <= memory.count &- count
        else { return }
        // SAFETY: the room was just compared.
        (target + count).copyMemory(from: source, byteCount: bytes.count)
        count &+= bytes.count
    }

    @inline(__always)
    mutating func put(_ byte: UInt8) {
        guard count < memory.count else { return }
        memory[count] = byte
        count &+= 1
    }

    /// Three digits.
    mutating func putStatus(_ status: Int) {
        put(UInt8(truncatingIfNeeded: status / 100 % 10 &+ 0x30))
        put(UInt8(truncatingIfNeeded: status / 10 % 10 &+ 0x30))
        put(UInt8(truncatingIfNeeded: status % 10 &+ 0x30))
    }

    mutating func putDecimal(_ value: Int) {
        var divisor = 1
        while value / divisor >= 10 { divisor = divisor &* 10 }
        while divisor > 0 {
            put(UInt8(truncatingIfNeeded: value / divisor % 10 &+ 0x30))
            divisor /= 10
        }
    }

    mutating func putHexadecimal(_ value: Int) {
        var shift = 60
        while shift > 0, value &>> shift & 15 == 0 { shift &-= 4 }
        while shift >= 0 {
            put(ASCII.hexDigit(UInt8(truncatingIfNeeded: value &>> shift & 15)))
            shift &-= 4
        }
    }
}

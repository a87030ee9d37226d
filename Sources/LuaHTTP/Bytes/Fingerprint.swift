// SPDX-License-Identifier: MIT

/// 64 bits that differ when bytes differ, as good as always, and are the same in all processes and on all machines.
/// For validators of caches: not for security, where somebody might look for two texts that have the same.
enum Fingerprint {
    // Digits of pi: any odd numbers without a pattern would do.
    private static let first: UInt64 = 0x243F_6A88_85A3_08D3
    private static let second: UInt64 = 0x1319_8A2E_0370_7345

    /// Folds the 128-bit product of two words for each 16 bytes: half an instruction a byte.
    static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var state = first
        var offset = 0
        while bytes.count &- offset >= 16 {
            // SAFETY: both words lie within the buffer, by the condition above.
            let left = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            let right = UInt64(
                littleEndian: bytes.loadUnaligned(fromByteOffset: offset &+ 8, as: UInt64.self))
            state = fold(left ^ state, right ^ second)
            offset &+= 16
        }
        var (left, right): (UInt64, UInt64) = (0, 0)
        for (index, byte) in bytes[offset...].enumerated() {
            if index < 8 { left = left &<< 8 | UInt64(byte) } else { right = right &<< 8 | UInt64(byte) }
        }
        return fold(fold(left ^ state, right ^ second), first ^ UInt64(truncatingIfNeeded: bytes.count))
    }

    private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }
}

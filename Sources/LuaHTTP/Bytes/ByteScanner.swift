// SPDX-License-Identifier: MIT
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Finding bytes in raw memory many at a time. Does not own the memory and knows no protocol.
enum ByteScanner {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let tops: UInt64 = 0x8080_8080_8080_8080

    /// Index of the first `byte` in `[from, to)`.
    @inline(__always)
    static func find(_ byte: UInt8, in base: UnsafePointer<UInt8>, from: Int, to: Int) -> Int? {
        guard from < to else { return nil }
        // SAFETY: the caller vouches for `to` bytes at `base`. memchr is vectorised in every libc we meet.
        guard let hit = memchr(base + from, Int32(byte), to &- from) else { return nil }
        return UnsafeRawPointer(base).distance(to: UnsafeRawPointer(hit))
    }

    /// Index of the first byte in `[from, to)` that no field value may hold: a control other than HTAB, or
    /// DEL (RFC 9110 §5.5). Eight bytes at a time; a word with a suspect is looked at byte by byte.
    static func findControl(in base: UnsafePointer<UInt8>, from: Int, to: Int) -> Int? {
        var index = from
        while to &- index >= 8 {
            // SAFETY: eight bytes are left before `to`.
            let word = UnsafeRawPointer(base + index).loadUnaligned(as: UInt64.self)
            let below = (word &- 0x2020_2020_2020_2020) & ~word & tops
            let delta = word ^ 0x7F7F_7F7F_7F7F_7F7F
            let delete = (delta &- ones) & ~delta & tops
            if below | delete != 0 {
                for offset in index..<(index &+ 8) where isControl(base[offset]) { return offset }
            }
            index &+= 8
        }
        while index < to {
            if isControl(base[index]) { return index }
            index &+= 1
        }
        return nil
    }

    @inline(__always)
    private static func isControl(_ byte: UInt8) -> Bool {
        (byte < 0x20 && byte != ASCII.tab) || byte == 0x7F
    }
}

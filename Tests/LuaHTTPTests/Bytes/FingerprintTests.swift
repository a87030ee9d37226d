// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct FingerprintTests {
    private func fingerprint(_ bytes: [UInt8]) -> UInt64 { bytes.withUnsafeBytes { Fingerprint.of($0) } }

    @Test func everyBitAndTheLengthCount() {
        var seen: Set<UInt64> = []
        var count = 0
        for length in 0...67 {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37) }
            seen.insert(fingerprint(bytes))
            count += 1
            for index in bytes.indices {
                for bit in 0..<8 {
                    var other = bytes
                    other[index] ^= 1 << bit
                    seen.insert(fingerprint(other))
                    count += 1
                }
            }
        }
        for length in 100..<400 {
            seen.insert(fingerprint([UInt8](repeating: 0, count: length)))
            count += 1
        }
        #expect(seen.count == count)
    }

    @Test func itIsTheSameEverywhere() {
        // Servers behind one balancer must agree: written down once.
        #expect(fingerprint(Array("The quick brown fox jumps over the lazy dog".utf8)) == Self.known)
    }

    private static let known: UInt64 = 0x514D_801A_6924_CA2D
}

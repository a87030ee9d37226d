// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct UTF8SequenceTests {
    @Test func everyScalarIsWellFormedAndNothingShorter() {
        for value in UInt32(0)...0x10_FFFF where Unicode.Scalar(value) != nil {
            var bytes: [UInt8] = []
            UTF8Sequence.append(value, to: &bytes)
            let length = bytes.withUnsafeBytes { UTF8Sequence.length($0, at: 0) }
            let cut = bytes.dropLast().withUnsafeBytes { $0.isEmpty ? 0 : UTF8Sequence.length($0, at: 0) }
            guard length == bytes.count, cut == 0 else {
                Issue.record("U+\(String(value, radix: 16))")
                return
            }
        }
    }

    @Test func agreesWithTheStandardLibraryOnAllShortSequences() {
        var bytes: [UInt8] = [0, 0, 0, 0]
        let edges: [UInt8] = [0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xFF]
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max {
                for third in edges {
                    for fourth in edges {
                        bytes[0] = first
                        bytes[1] = second
                        bytes[2] = third
                        bytes[3] = fourth
                        let length = bytes.withUnsafeBytes { UTF8Sequence.length($0, at: 0) }
                        guard length == reference(bytes) else {
                            Issue.record("\(bytes)")
                            return
                        }
                    }
                }
            }
        }
    }

    private func reference(_ bytes: [UInt8]) -> Int {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        guard case .scalarValue(let scalar) = decoder.decode(&iterator) else { return 0 }
        return UTF8.width(scalar)
    }
}

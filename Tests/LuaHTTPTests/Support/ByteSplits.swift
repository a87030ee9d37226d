// SPDX-License-Identifier: MIT

/// Ways to cut an input into pieces: a parser must come to the same result for each.
enum ByteSplits {
    /// Whole, every cut into two, and byte by byte.
    static func all(_ bytes: [UInt8]) -> [[[UInt8]]] {
        var splits = [[bytes]]
        if bytes.count > 1 {
            for cut in 1..<bytes.count { splits.append([Array(bytes[..<cut]), Array(bytes[cut...])]) }
        }
        splits.append(bytes.map { [$0] })
        return splits
    }

    /// Pieces of random lengths.
    static func random(_ bytes: [UInt8], _ numbers: inout SeededNumbers) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var index = 0
        while index < bytes.count {
            let end = min(bytes.count, index + Int.random(in: 1...max(1, bytes.count / 3), using: &numbers))
            pieces.append(Array(bytes[index..<end]))
            index = end
        }
        return pieces
    }
}

/// SplitMix64: the same numbers on every machine for a seed.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed &>> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed &>> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed &>> 31)
    }
}

extension Array where Element == UInt8 {
    init(_ text: StaticString) {
        self.init(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    var text: String { String(decoding: self, as: UTF8.self) }
}

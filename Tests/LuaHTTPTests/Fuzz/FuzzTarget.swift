// SPDX-License-Identifier: MIT

/// One parser under random input: where to start from, and what must hold whatever comes.
/// A new target is one more element of ``all``.
struct FuzzTarget: Sendable, CustomStringConvertible {
    let description: String
    /// Inputs that mutations start from.
    let seeds: [[UInt8]]
    /// Bytes that mean something to the parser.
    let alphabet: [UInt8]
    /// Gives the bytes to the parser; a text when something does not hold. `numbers` choose how they are cut.
    let fault: @Sendable (_ bytes: [UInt8], _ numbers: inout SeededNumbers) -> String?

    init(
        _ description: String, seeds: [String], alphabet: String,
        fault: @escaping @Sendable (_ bytes: [UInt8], _ numbers: inout SeededNumbers) -> String?
    ) {
        self.description = description
        self.seeds = seeds.map { Array($0.utf8) }
        self.alphabet = Array(alphabet.utf8)
        self.fault = fault
    }

    /// One to eight changes of a seed.
    func mutant(_ numbers: inout SeededNumbers) -> [UInt8] {
        var bytes = seeds[Int.random(in: 0..<seeds.count, using: &numbers)]
        for _ in 0..<Int.random(in: 1...8, using: &numbers) { mutate(&bytes, &numbers) }
        return bytes
    }

    private func mutate(_ bytes: inout [UInt8], _ numbers: inout SeededNumbers) {
        let index = Int.random(in: 0...bytes.count, using: &numbers)
        let end = min(bytes.count, index + Int.random(in: 1...16, using: &numbers))
        switch Int.random(in: 0..<8, using: &numbers) {
        case 0: bytes.insert(letter(&numbers), at: index)
        case 1: bytes.removeSubrange(index..<end)
        case 2: if index < bytes.count { bytes[index] = letter(&numbers) }
        case 3: if index < bytes.count { bytes[index] = UInt8.random(in: 0...255, using: &numbers) }
        case 4: bytes.insert(contentsOf: Array(bytes[index..<end]), at: index)
        case 5:
            let count = Int.random(in: 1...40, using: &numbers)
            bytes.insert(contentsOf: Array(repeating: letter(&numbers), count: count), at: index)
        case 6:
            let other = seeds[Int.random(in: 0..<seeds.count, using: &numbers)]
            let start = Int.random(in: 0...other.count, using: &numbers)
            bytes.insert(contentsOf: other[start..<min(other.count, start + 24)], at: index)
        default: bytes.removeSubrange(index...)
        }
    }

    private func letter(_ numbers: inout SeededNumbers) -> UInt8 {
        alphabet[Int.random(in: 0..<alphabet.count, using: &numbers)]
    }
}

// SPDX-License-Identifier: MIT

/// A pattern of file names: `*` stands for any bytes, slashes too, `?` for one. Pure, linear for one star and at
/// worst the product of both lengths.
struct Glob: Equatable, Sendable {
    let pattern: [UInt8]

    func matches(_ text: some RandomAccessCollection<UInt8>) -> Bool {
        let text = Array(text)
        var position = 0
        var index = 0
        // Where the last star was, and how much it has taken so far.
        var star: (index: Int, position: Int)?
        while position < text.count {
            if index < pattern.count, pattern[index] == 0x2A {
                star = (index, position)
                index += 1
            } else if index < pattern.count, pattern[index] == text[position] || pattern[index] == 0x3F {
                index += 1
                position += 1
            } else if let (place, taken) = star {
                star = (place, taken + 1)
                index = place + 1
                position = taken + 1
            } else {
                return false
            }
        }
        return pattern[index...].allSatisfy { $0 == 0x2A }
    }
}

// SPDX-License-Identifier: MIT

/// "Did you mean": the known name that takes the fewest edits. Knows nothing about what the names are for.
enum Suggestion {
    static func closest(to name: String, among known: [String]) -> String? {
        // Every letter is one edit away from every other.
        guard name.utf8.count > 1 else { return nil }
        let wanted = Array(name.utf8.prefix(40))
        var best: (name: String, distance: Int)?
        for candidate in known.sorted() where candidate != name && candidate.utf8.count > 1 {
            let limit = min(best?.distance ?? 3, max(1, wanted.count / 3 + 1))
            let distance = distance(wanted, Array(candidate.utf8.prefix(40)))
            if distance < limit || (best == nil && distance == limit) { best = (candidate, distance) }
        }
        return best?.name
    }

    /// Edits (insert, delete, replace, swap of neighbours) from one name to the other.
    static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var older = [Int](repeating: 0, count: b.count + 1)
        var previous = Array(0...b.count)
        for i in 0..<a.count {
            var current = [i + 1] + [Int](repeating: 0, count: b.count)
            for j in 0..<b.count {
                let cost = a[i] == b[j] ? 0 : 1
                current[j + 1] = min(previous[j + 1] + 1, current[j] + 1, previous[j] + cost)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    current[j + 1] = min(current[j + 1], older[j - 1] + 1)
                }
            }
            older = previous
            previous = current
        }
        return previous[b.count]
    }
}

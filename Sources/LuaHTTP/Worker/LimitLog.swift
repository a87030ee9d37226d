// SPDX-License-Identifier: MIT

/// Decides what is said about limits that clients hit: a line a second for each address, the rest is counted, so
/// that a flood of requests is not also a flood of the log. Pure: gives back the text, logs nothing itself.
struct LimitLog {
    private struct Entry {
        var until: UInt64
        var held = 0
    }

    private var entries: [String: Entry] = [:]
    /// Addresses remembered at once; more of them within a second share one line.
    private static let most = 1024
    private static let interval: UInt64 = 1000

    /// How often each limit was hit.
    private(set) var hits: [Limits.Name: Int] = [:]

    mutating func count(_ limit: Limits.Name) { hits[limit, default: 0] += 1 }

    /// The line to log, or nil.
    mutating func hit(
        _ limit: Limits.Name, value: Int, detail: String, address: String, now: UInt64
    ) -> String? {
        count(limit)
        var key = address
        if entries[key] == nil, entries.count >= Self.most {
            entries = entries.filter { now < $0.value.until }
            if entries.count >= Self.most { key = "others" }
        }
        var entry = entries[key] ?? Entry(until: 0)
        guard now >= entry.until else {
            entry.held += 1
            entries[key] = entry
            return nil
        }
        let held = entry.held > 0 ? " (and \(entry.held) times since the last line)" : ""
        entries[key] = Entry(until: now &+ Self.interval)
        return "limit \(limit.rawValue) (\(limit.row.text(value))): \(detail), client \(address)\(held)"
    }
}

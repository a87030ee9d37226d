// SPDX-License-Identifier: MIT

/// Metrics in the text format of Prometheus (version 0.0.4). Knows names and numbers, not where they come from.
struct MetricsText {
    static let contentType: StaticString = "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"

    enum Kind: String { case counter, gauge, histogram }

    private(set) var text = ""

    /// Begins a metric: its samples follow.
    mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    mutating func sample(_ name: String, _ labels: [(String, String)], _ value: some Numeric) {
        line(name, labels, "\(value)")
    }

    /// A metric with one sample.
    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: some Numeric) {
        begin(name, kind, help)
        sample(name, [], value)
    }

    private mutating func line(_ name: String, _ labels: [(String, String)], _ value: String) {
        text += name
        if !labels.isEmpty {
            text += "{" + labels.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }.joined(separator: ",") + "}"
        }
        text += " \(value)\n"
    }

    /// Backslash, quote and line feed, as the format asks.
    private static func escaped(_ value: String) -> String {
        guard value.utf8.contains(where: { $0 == ASCII.backslash || $0 == ASCII.quote || $0 == ASCII.lf })
        else {
            return value
        }
        // Not by characters: a quote with a combining accent behind it is another one, and CR LF is one.
        return value.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
    }
}

extension MetricsText {
    /// Requests of all workers, by route: how many had which status, and how long they took.
    mutating func add(_ counts: [RequestCounts]) {
        let counts = counts.filter { $0.total > 0 }.sorted {
            ($0.key.path, $0.key.methods) < ($1.key.path, $1.key.methods)
        }
        begin("luahttpd_requests_total", .counter, "Requests answered; route is empty where none matched.")
        for each in counts {
            for (status, count) in each.statuses.sorted(by: { $0.status < $1.status }) {
                sample("luahttpd_requests_total", Self.labels(each) + [("status", "\(status)")], count)
            }
        }
        let name = "luahttpd_request_duration_seconds"
        begin(name, .histogram, "From the head of a request until its answer was handed to the connection.")
        for each in counts {
            let labels = Self.labels(each)
            var sum: UInt64 = 0
            for (index, bound) in RequestCounts.bounds.enumerated() {
                sum &+= each.buckets[index]
                sample(name + "_bucket", labels + [("le", "\(Double(bound) / 1e9)")], sum)
            }
            sample(name + "_bucket", labels + [("le", "+Inf")], each.total)
            sample(name + "_sum", labels, Double(each.nanoseconds) / 1e9)
            sample(name + "_count", labels, each.total)
        }
    }

    private static func labels(_ counts: RequestCounts) -> [(String, String)] {
        [("route", counts.key.path), ("methods", counts.key.methods)]
    }
}

// SPDX-License-Identifier: MIT

/// What one worker counts while somebody asks for metrics. Plain numbers of its loop: nothing is locked or atomic;
/// who asks comes to the loop for a copy.
final class WorkerMetrics {
    /// By pattern and methods: a route goes on counting when the app is loaded again.
    private var byRoute: [RequestSeries.Key: RequestSeries] = [:]
    /// Of what no route served.
    let unmatched = RequestSeries(RequestSeries.Key(methods: "", path: ""))
    /// Clients that left before their answer was out.
    var cancelled: UInt64 = 0

    /// Gives each route of a generation its numbers.
    func adopt(_ generation: Generation) {
        generation.vm.countCollections()
        generation.series = generation.routes.map { route in
            let key = RequestSeries.Key(methods: route.methods, path: route.path)
            if let known = byRoute[key] { return known }
            let fresh = RequestSeries(key)
            byRoute[key] = fresh
            return fresh
        }
    }

    func series(of task: RequestTask) -> RequestSeries {
        guard let route = task.route, route < task.generation.series.count else { return unmatched }
        return task.generation.series[route]
    }

    var counts: [RequestCounts] { byRoute.values.map(\.counts) + [unmatched.counts] }
}

/// The numbers of one route on one worker.
final class RequestSeries {
    struct Key: Hashable, Sendable {
        let methods: String
        let path: String
    }

    private(set) var counts: RequestCounts

    init(_ key: Key) { counts = RequestCounts(key: key) }

    func add(_ status: Int, nanoseconds: UInt64) { counts.add(status, nanoseconds: nanoseconds) }
}

/// How many requests had which status, and how long they took.
struct RequestCounts: Sendable {
    /// Upper bounds of the buckets, in nanoseconds; the last bucket has none.
    static let bounds: [UInt64] = [
        500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000, 100_000_000,
        250_000_000,
        500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000, 10_000_000_000,
    ]

    let key: RequestSeries.Key
    /// Few in practice: the first that matches is found at once.
    private(set) var statuses: [(status: Int, count: UInt64)] = []
    /// Each alone, not cumulative.
    private(set) var buckets = [UInt64](repeating: 0, count: bounds.count + 1)
    private(set) var nanoseconds: UInt64 = 0

    init(key: RequestSeries.Key) { self.key = key }

    var total: UInt64 { statuses.reduce(0) { $0 &+ $1.count } }

    mutating func add(_ status: Int, nanoseconds: UInt64) {
        var bucket = 0
        while bucket < Self.bounds.count, nanoseconds > Self.bounds[bucket] { bucket &+= 1 }
        buckets[bucket] &+= 1
        self.nanoseconds &+= nanoseconds
        add(status, 1)
    }

    /// Those of another worker.
    mutating func add(_ other: RequestCounts) {
        for (status, count) in other.statuses { add(status, count) }
        for index in buckets.indices { buckets[index] &+= other.buckets[index] }
        nanoseconds &+= other.nanoseconds
    }

    private mutating func add(_ status: Int, _ count: UInt64) {
        for index in statuses.indices where statuses[index].status == status {
            return statuses[index].count &+= count
        }
        statuses.append((status, count))
    }
}

@available(*, unavailable)
extension WorkerMetrics: Sendable {}

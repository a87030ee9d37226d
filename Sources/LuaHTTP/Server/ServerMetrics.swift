// SPDX-License-Identifier: MIT

internal import NIOCore

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Gathers what workers, connections and the process count, when somebody asks. May be asked from any loop.
struct ServerMetrics: Sendable {
    let pool: WorkerPool
    let feed: ReloadFeed
    let accessLog: LogOutput
    private let startedAt = Clock.seconds()

    init(pool: WorkerPool, feed: ReloadFeed, accessLog: LogOutput) {
        self.pool = pool
        self.feed = feed
        self.accessLog = accessLog
    }

    /// The text for Prometheus, on `loop`.
    func text(on loop: any EventLoop) -> EventLoopFuture<String> {
        pool.counts(on: loop).map { counts in
            var text = MetricsText()
            text.add(Self.merged(counts))
            addWorkers(counts, to: &text)
            addApp(counts, to: &text)
            addProcess(to: &text)
            return text.text
        }
    }

    /// The same route on all workers.
    private static func merged(_ workers: [WorkerCounts]) -> [RequestCounts] {
        var byRoute: [RequestSeries.Key: RequestCounts] = [:]
        for counts in workers.flatMap(\.requests) {
            byRoute[counts.key, default: RequestCounts(key: counts.key)].add(counts)
        }
        return Array(byRoute.values)
    }

    private func addWorkers(_ workers: [WorkerCounts], to text: inout MetricsText) {
        func each(
            _ name: String, _ kind: MetricsText.Kind, _ help: String, _ value: (WorkerCounts) -> UInt64
        ) {
            text.begin("luahttpd_" + name, kind, help)
            for (index, worker) in workers.enumerated() {
                text.sample("luahttpd_" + name, [("worker", "\(index)")], value(worker))
            }
        }
        each("requests_in_flight", .gauge, "Requests that are being handled.") { $0.inFlight }
        each("requests_cancelled_total", .counter, "Clients that left before their answer was out.") {
            $0.cancelled
        }
        each("connections_open", .gauge, "Connections that are open.") { $0.open }
        each("connections_accepted_total", .counter, "Connections since the start.") { $0.accepted }
        each("received_bytes_total", .counter, "Bytes of requests.") { $0.received }
        each("sent_bytes_total", .counter, "Bytes of answers, with their heads.") { $0.sent }
        each("lua_memory_bytes", .gauge, "What the Lua VM holds.") { $0.memory }
        each("lua_memory_peak_bytes", .gauge, "Most that the Lua VM ever held.") { $0.memoryPeak }
        each("lua_memory_limit_bytes", .gauge, "limits.vm_memory.") { $0.memoryLimit }
        each("lua_collections_total", .counter, "Garbage collections of the Lua VM in force.") {
            $0.collections
        }
    }

    private func addApp(_ workers: [WorkerCounts], to text: inout MetricsText) {
        var hits: [Limits.Name: Int] = [:]
        for worker in workers { hits.merge(worker.limitHits) { $0 &+ $1 } }
        text.begin("luahttpd_limit_hits_total", .counter, "How often a limit of docs/lua-api.md was hit.")
        for name in Limits.Name.allCases {
            if let count = hits[name] {
                text.sample("luahttpd_limit_hits_total", [("limit", name.rawValue)], count)
            }
        }
        let reloads = feed.counts
        text.add(
            "luahttpd_app_generation", .gauge, "1 at the start, more by one with each reload.",
            reloads.generation)
        text.add(
            "luahttpd_reload_failures_total", .counter, "Versions of the app that did not load.",
            reloads.failures)
        text.add(
            "luahttpd_access_log_dropped_lines_total", .counter, "Lines that could not be written in time.",
            accessLog.droppedLines)
        text.begin("luahttpd_info", .gauge, "1; the version is in the labels.")
        text.sample("luahttpd_info", [("version", LuaHTTPVersion.text), ("lua", LuaHTTPVersion.lua)], 1)
    }

    private func addProcess(to text: inout MetricsText) {
        text.add("process_start_time_seconds", .gauge, "When the server started.", startedAt)
        var usage = rusage()
        #if canImport(Glibc)
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        #else
        getrusage(RUSAGE_SELF, &usage)
        #endif
        let seconds =
            Double(usage.ru_utime.tv_sec) + Double(usage.ru_utime.tv_usec) / 1e6
            + Double(usage.ru_stime.tv_sec) + Double(usage.ru_stime.tv_usec) / 1e6
        text.add("process_cpu_seconds_total", .counter, "Processor time, user and system.", seconds)
        if let pages = Self.residentPages {
            text.add(
                "process_resident_memory_bytes", .gauge, "Memory of the process.",
                pages &* Int(sysconf(Int32(_SC_PAGESIZE))))
        }
        text.add("process_max_fds", .gauge, "Descriptors that the process may have.", Descriptors.limit)
    }

    /// Nil where /proc does not tell.
    private static var residentPages: Int? {
        let text = SourceFile.read("/proc/self/statm", limit: 4096).map {
            String(decoding: $0, as: UTF8.self)
        }
        return text?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
    }
}

/// What one worker and the connections of its loop counted.
struct WorkerCounts: Sendable {
    var requests: [RequestCounts] = []
    var inFlight: UInt64 = 0
    var cancelled: UInt64 = 0
    var open: UInt64 = 0
    var accepted: UInt64 = 0
    var received: UInt64 = 0
    var sent: UInt64 = 0
    var memory: UInt64 = 0
    var memoryPeak: UInt64 = 0
    var memoryLimit: UInt64 = 0
    var collections: UInt64 = 0
    var limitHits: [Limits.Name: Int] = [:]
}

extension WorkerPool {
    /// A copy of what each worker counts, taken on its loop.
    func counts(on loop: any EventLoop) -> EventLoopFuture<[WorkerCounts]> {
        EventLoopFuture.whenAllSucceed(
            seats.map { seat in
                seat.loop.submit { WorkerCounts(seat.worker.value, seat.connections.value) }
            }, on: loop)
    }
}

extension WorkerCounts {
    fileprivate init(_ worker: Worker, _ connections: LoopConnections) {
        requests = worker.metrics?.counts ?? []
        inFlight = UInt64(clamping: worker.requestsInFlight)
        cancelled = worker.metrics?.cancelled ?? 0
        open = UInt64(clamping: connections.count)
        accepted = connections.traffic.accepted
        received = connections.traffic.received
        sent = connections.traffic.sent
        let memory = worker.generation.vm.memory
        self.memory = UInt64(clamping: memory.used)
        memoryPeak = UInt64(clamping: memory.peak)
        memoryLimit = UInt64(clamping: memory.limit)
        collections = UInt64(clamping: worker.generation.vm.collections)
        limitHits = worker.limitLog.hits
    }
}

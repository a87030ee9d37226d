// SPDX-License-Identifier: MIT

/// What a worker needs to know; the same for all of a server.
struct WorkerConfiguration: Sendable {
    var loader: GenerationLoader
    /// Bytes of a request body, unless the route has its own limit.
    var bodyLimit: Int
    var hasAccessLog: Bool
    var logStyle: AccessLog.Style
    /// Host names without a Host header in HTTP/1.0, and ports: what the listener is bound to.
    var host: String
    var port: Int
    /// Tells open pages what changed; only where files are watched.
    var reloadFeed: ReloadFeed?
}

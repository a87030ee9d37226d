// SPDX-License-Identifier: MIT

/// How requests are logged, and where to.
struct AccessLogSetting: Sendable {
    var format: AccessLogFormat
    var output: LogOutput
}

/// What a worker needs to know; the same for all of a server.
struct WorkerConfiguration: Sendable {
    var loader: GenerationLoader
    /// Those of the app; a route may have its own.
    var limits: Limits
    /// Nil: none.
    var accessLog: AccessLogSetting?
    var hasMetrics = false
    /// Host names without a Host header in HTTP/1.0, and ports: what the listener is bound to.
    var host: String
    var port: Int
    var compression = CompressionSetting()
    /// Belong to the server: they stay when the app is loaded again.
    var stores = SharedStores()
    /// Where uploads are kept while their request lasts.
    var uploads = UploadDirectory.standard
    /// False where the loop knows no other threads (tests): what blocks runs on it.
    var usesThreads = true
    var topics = TopicHub()
    /// Of the program that the server is part of.
    var functions = ScriptFunctions()
    /// Timers of the app run on one worker, unless they are for all.
    var isFirst = true
    /// Tells open pages what changed; only where files are watched.
    var reloadFeed: ReloadFeed?
    /// Of the links on development pages.
    var editor: EditorLink?
    /// Files and commands of scripts do not hold up the loop. Not on a loop that is driven by a test.
    var offloadsBlockingCalls = false
    /// Whose word about the client is believed; nil: nobody's.
    var trustedProxies: TrustedProxies?
    /// Asked before each request; only in development, where files are watched.
    var freshness: Freshness?
}

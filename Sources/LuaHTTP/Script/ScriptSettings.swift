// SPDX-License-Identifier: MIT

/// What `app:config { … }` set. Names and types are checked by the library; values and ranges here.
struct ScriptSettings: Sendable, Equatable {
    var host: String?
    var port: Int?
    var workers: Int?
    var templates: String?
    /// Directory for uploads while their request lasts.
    var uploads: String?
    var logLevel: String?
    var accessLog: Bool?
    /// Path that says whether the server is ready.
    var readiness: String?
    /// Milliseconds.
    var stopDelay: Int?
    var accessLogFormat: String?
    var accessLogFile: String?
    /// Address, as written.
    var metrics: String?
    var undefined: String?
    var limits: [Limits.Name: Int] = [:]
    var lint: String?
    var trimBlocks: Bool?
    var lstripBlocks: Bool?
    /// As written; ResolvedSettings makes addresses of them.
    var listen: [String]?
    /// Rights of the file of a Unix-domain socket.
    var socketMode: Int?
    var reusesPort: Bool?
    var hosts: [String]?
    var tlsCertificates: [String]?
    var tlsKeys: [String]?
    var tlsSelfSigned: Bool?
    var tlsRedirect: String?
    /// Seconds of Strict-Transport-Security.
    var tlsStrictTransport: Int?
    var trustedProxies: [String]?
    /// What they write, as written.
    var forwarded: String?
    var compresses: Bool?
    var compressionLevel: Int?
    /// Bytes from which answers are compressed.
    var compressionLeast: Int?
    /// Pages get a validator.
    var tags: Bool?
    var tagsPages: Bool { tags ?? true }
    var headers = HeaderSetting.changes([:])

    /// What is said of the fields that every answer gets.
    enum HeaderSetting: Equatable, Sendable {
        case none
        /// Name → value, nil for one to do without; the others stay as they are by default.
        case changes([String: String?])

        func sets(_ name: String) -> Bool {
            guard case .changes(let changes) = self else { return false }
            return changes.keys.contains(name)
        }
    }

    init() {}

    /// Reads the table at `index`. [-0, +0]
    init(readingFrom stack: LuaStack, at index: Int32) throws(ScriptError) {
        let table = stack.absolute(index)
        guard stack.type(at: table) == .table else { return }
        let top = stack.top
        defer { stack.top = top }
        host = stack.stringField("host", of: table)
        templates = stack.stringField("templates", of: table)
        uploads = stack.stringField("uploads", of: table)
        logLevel = stack.stringField("log_level", of: table)
        readiness = stack.stringField("ready", of: table)
        if stack.getField("stop_delay", of: table) != .nil {
            stopDelay = TimeSpan.parse(stack, at: -1)
            guard let stopDelay, stopDelay <= 3_600_000 else {
                throw ScriptError(
                    message: "app:config: stop_delay must be a time up to an hour, such as \"5s\"")
            }
        }
        accessLogFormat = stack.stringField("access_log_format", of: table)
        accessLogFile = stack.stringField("access_log_file", of: table)
        metrics = stack.stringField("metrics", of: table)
        undefined = stack.stringField("undefined", of: table)
        lint = stack.stringField("lint", of: table)
        if stack.getField("trim_blocks", of: table) == .boolean { trimBlocks = stack.isTrue(at: -1) }
        if stack.getField("lstrip_blocks", of: table) == .boolean { lstripBlocks = stack.isTrue(at: -1) }
        port = try Self.integer("port", 0...65535, stack, table)
        workers = try Self.integer("workers", 1...1024, stack, table)
        if stack.getField("access_log", of: table) == .boolean { accessLog = stack.isTrue(at: -1) }
        if let undefined, !["lenient", "strict", "chainable"].contains(undefined) {
            throw ScriptError(
                message: "app:config: undefined = \"\(undefined)\": must be lenient, strict or chainable")
        }
        if let accessLogFormat, !["short", "common", "combined", "json"].contains(accessLogFormat) {
            throw ScriptError(
                message:
                    "app:config: access_log_format = \"\(accessLogFormat)\": must be short, common, combined or json"
            )
        }
        if let readiness, !readiness.hasPrefix("/") {
            throw ScriptError(message: "app:config: ready must be a path such as \"/ready\"")
        }
        if let lint, !["off", "warn", "error"].contains(lint) {
            throw ScriptError(message: "app:config: lint = \"\(lint)\": must be off, warn or error")
        }
        if let logLevel, !["debug", "info", "warn", "error"].contains(logLevel) {
            throw ScriptError(
                message: "app:config: log_level = \"\(logLevel)\": must be debug, info, warn or error")
        }
        listen = stack.strings("listen", of: table)
        hosts = stack.strings("hosts", of: table)
        try readTLS(stack, table)
        if stack.getField("reuse_port", of: table) == .boolean { reusesPort = stack.isTrue(at: -1) }
        socketMode = try Self.mode(stack, table)
        headers = try HeaderSetting(readingFrom: stack, table)
        tags = stack.booleanField("etag", of: table)
        try readCompression(stack, table)
        _ = stack.getField("limits", of: table)
        limits = LimitModule.read(stack, at: -1)
    }

    static func integer(
        _ name: StaticString, _ range: ClosedRange<Int64>, _ stack: LuaStack, _ table: Int32
    ) throws(ScriptError) -> Int? {
        guard stack.getField(name, of: table) != .nil else { return nil }
        guard let value = stack.integer(at: -1), range.contains(value) else {
            throw ScriptError(
                message:
                    "app:config: \(name) must be a whole number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return Int(clamping: value)
    }
}

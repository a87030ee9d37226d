// SPDX-License-Identifier: MIT

/// What the one who starts the server wants. What is nil is left to `app:config` and the defaults.
public struct ServerOptions: Sendable, Equatable {
    public enum Mode: String, Sendable {
        /// Detailed error pages, strict checks.
        case development
        /// Plain error pages.
        case production
    }

    /// Path of the main script.
    public var script: String
    public var host: String?
    public var port: Int?
    public var workers: Int?
    /// `host:port` or `unix:/path`, each of them; in place of `host` and `port`.
    public var listen: [String]?
    /// SO_REUSEPORT: other processes may listen on the same port.
    public var reusesPort: Bool?
    /// Rights of the file of a Unix-domain socket: "660".
    public var socketMode: String?
    public var mode: Mode?
    public var logLevel: String?
    public var hasAccessLog: Bool?
    /// Editor that links on development pages open: its name, such as "vscode", or a URL with `{file}` and
    /// `{line}`.
    public var editor: String?
    /// Load the app again when its files change; nil: in development.
    public var watches: Bool?

    /// Settings that were taken from the environment.
    private var fromEnvironment: Set<String> = []

    public init(script: String) { self.script = script }

    /// The flag or variable that set `name`, or nil when neither did.
    func origin(of name: String) -> String? {
        let isSet =
            switch name {
            case "host": host != nil
            case "port": port != nil
            case "workers": workers != nil
            case "listen": listen != nil
            case "reuse_port": reusesPort != nil
            case "socket_mode": socketMode != nil
            case "mode": mode != nil
            case "log_level": logLevel != nil
            case "access_log": hasAccessLog != nil
            case "editor": editor != nil
            case "watch": watches != nil
            default: false
            }
        guard isSet else { return nil }
        return fromEnvironment.contains(name) ? "LUAHTTPD_" + name.uppercased() : "flag"
    }

    /// Takes what is still nil from the environment variables `LUAHTTPD_HOST`, `_PORT`, `_WORKERS`,
    /// `_MODE`, `_LOG_LEVEL`, `_ACCESS_LOG`, `_WATCH` and `_EDITOR`, then from the file `.env` beside the script.
    ///
    /// - Throws: ``LoadError`` for a variable that has no valid value.
    public mutating func fill(from environment: [String: String]) throws(LoadError) {
        let file: EnvironmentFile
        do throws(ScriptError) {
            // That of a directory which is served is one of its files.
            file =
                FolderApp.isDirectory(script)
                ? EnvironmentFile() : try EnvironmentFile.load(beside: GenerationLoader.directory(of: script))
        } catch {
            throw LoadError(.script(error))
        }
        func value(_ name: String) -> String? {
            let text = environment["LUAHTTPD_" + name] ?? file.values["LUAHTTPD_" + name]
            guard let text, !text.isEmpty else { return nil }
            fromEnvironment.insert(name.lowercased())
            return text
        }
        if host == nil { host = value("HOST") }
        if logLevel == nil { logLevel = value("LOG_LEVEL") }
        if editor == nil { editor = value("EDITOR") }
        if listen == nil, let text = value("LISTEN") {
            listen = text.split(whereSeparator: { $0 == " " || $0 == "," }).map(String.init)
        }
        if socketMode == nil { socketMode = value("SOCKET_MODE") }
        if port == nil, let text = value("PORT") {
            port = try Self.number(text, in: 0...65535, "LUAHTTPD_PORT")
        }
        if workers == nil, let text = value("WORKERS") {
            workers = try Self.number(text, in: 1...1024, "LUAHTTPD_WORKERS")
        }
        if mode == nil, let text = value("MODE") {
            switch text {
            case "dev", "development": mode = .development
            case "prod", "production": mode = .production
            default: throw LoadError("LUAHTTPD_MODE=\(text): must be dev or prod")
            }
        }
        if hasAccessLog == nil { hasAccessLog = try value("ACCESS_LOG").map(Self.switchedOn("ACCESS_LOG")) }
        if watches == nil { watches = try value("WATCH").map(Self.switchedOn("WATCH")) }
    }

    private static func switchedOn(_ name: String) -> (String) throws(LoadError) -> Bool {
        { text throws(LoadError) in
            switch text {
            case "1", "on", "true", "yes": true
            case "0", "off", "false", "no": false
            default: throw LoadError("LUAHTTPD_\(name)=\(text): must be on or off")
            }
        }
    }

    private static func number(_ text: String, in range: ClosedRange<Int>, _ name: String) throws(LoadError)
        -> Int
    {
        guard let number = Int(text), range.contains(number) else {
            throw LoadError(
                "\(name)=\(text): must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}

/// Why an app does not start: all that its author needs to mend it, with excerpts.
public struct LoadError: Error, CustomStringConvertible, Sendable {
    public let description: String

    init(_ description: String) { self.description = description }

    init(_ failure: ReloadFailure) { description = failure.text }
}

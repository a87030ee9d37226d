// SPDX-License-Identifier: MIT

import ArgumentParser
import Logging
import LuaHTTP

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// `luahttpd app.lua`
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve an app (the default; the word may be left out).")

    @Argument(help: "The main script.", completion: .file(extensions: ["lua"]))
    var script: String

    @Option(help: "Address to listen on (default: 127.0.0.1).")
    var host: String?

    @Option(name: .shortAndLong, help: "Port to listen on; 0 takes any free one (default: 8080).")
    var port: Int?

    @Option(name: .shortAndLong, help: "Event loops, each with a Lua VM of its own (default: one per core).")
    var workers: Int?

    @Flag(
        exclusivity: .exclusive,
        help:
            "Detailed error pages and strict checks, or plain pages (default: --dev on a terminal and loopback)."
    )
    var mode: Mode?

    @Option(help: "debug, info, warn or error (default: info).")
    var logLevel: String?

    @Flag(inversion: .prefixedNo, help: "One line for each request on standard output (default: on).")
    var accessLog: Bool?

    /// Seconds for the answers under way after the first signal.
    private static let deadline = 10.0

    enum Mode: String, EnumerableFlag {
        case dev, prod

        static func help(for value: Mode) -> ArgumentHelp? {
            switch value {
            case .dev:
                "Development: errors show source and calls in the browser; new globals in handlers are errors."
            case .prod: "Production: errors show a plain page; new globals in handlers are warned about once."
            }
        }
    }

    func validate() throws {
        if let port, !(0...65535).contains(port) { throw ValidationError("--port must be from 0 to 65535.") }
        if let workers, !(1...1024).contains(workers) {
            throw ValidationError("--workers must be from 1 to 1024.")
        }
    }

    func run() async throws {
        var options = ServerOptions(script: script)
        options.host = host
        options.port = port
        options.workers = workers
        options.mode = mode.map { $0 == .dev ? .development : .production }
        options.logLevel = logLevel
        options.hasAccessLog = accessLog
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        do {
            try options.fill(from: Environment.variables)
            let stop = StopSignals()
            let server = try await Server.start(options, logger: Logger(label: "luahttpd"))
            Report.started(server, script: script)
            await stop.wait()
            Report.note("stopping: waiting for answers under way (a second signal stops at once)")
            stop.endProcess(after: Self.deadline + 2)
            try await server.shutDown(deadline: Self.deadline)
        } catch let error as LoadError {
            Report.failure(error.description)
            throw ExitCode.failure
        }
    }
}

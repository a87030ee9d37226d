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

    @OptionGroup var flags: ServerFlags

    /// Seconds for the answers under way after the first signal.
    private static let deadline = 10.0

    func run() async throws {
        var options = flags.options(script: script)
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        do {
            try options.fill(from: Environment.variables)
            if let (descriptors, names) = ServiceManager.takeSockets() {
                (options.sockets, options.socketNames) = (descriptors, names)
            }
            let signals = Signals()
            let server = try await Server.start(options, logger: Logger(label: "luahttpd"))
            Report.started(server, script: script)
            StartupPages.release()
            ServiceManager.say(.ready)
            await follow(signals, server)
            ServiceManager.say(.stopping)
            Report.note("stopping: waiting for answers under way (a second signal stops at once)")
            signals.endProcess(after: server.stopDelay + Self.deadline + 5)
            try await server.shutDown(deadline: Self.deadline)
        } catch let error as LoadError {
            Report.failure(error.description)
            throw ExitCode.failure
        }
    }

    /// Until a signal asks to stop.
    private func follow(_ signals: Signals, _ server: Server) async {
        while true {
            switch await signals.next() {
            case .stop: return
            case .reopenLogs: server.reopenLogs()
            case .reload:
                Task(executorPreference: MainThreadExecutor.shared) {
                    ServiceManager.say(.reloading)
                    try? await server.reload()  // what it says is in the log
                    ServiceManager.say(.ready)
                }
            }
        }
    }
}

// SPDX-License-Identifier: MIT

import ArgumentParser
import LuaHTTP

/// The flags that say how to serve: those of `serve`, and of `config`, which shows what they come to.
struct ServerFlags: ParsableArguments {
    @Option(help: "Address to listen on (default: 127.0.0.1).")
    var host: String?

    @Option(name: .shortAndLong, help: "Port to listen on; 0 takes any free one (default: 8080).")
    var port: Int?

    @Option(
        help: ArgumentHelp(
            "Listen here instead; may be repeated: host:port, [ipv6]:port, :port or unix:/path.",
            valueName: "address"))
    var listen: [String] = []

    @Option(help: "Rights of the file of a Unix-domain socket, octal (default: 660).")
    var socketMode: String?

    @Flag(help: "Let other processes listen on the same port (SO_REUSEPORT).")
    var reusePort = false

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

    @Option(
        help: ArgumentHelp(
            "Path that says whether the server is ready for requests (default: none).", valueName: "path"))
    var ready: String?

    @Option(
        help: ArgumentHelp(
            "Go on for so long, but not ready, when it is to stop, so that balancers notice (default: 0s).",
            valueName: "time"))
    var stopDelay: String?

    @Option(help: "short, common, combined or json (default: short in development, else common).")
    var accessLogFormat: String?

    @Option(
        help: "File for the access log, opened anew on SIGUSR1 (default: standard output).",
        completion: .file())
    var accessLogFile: String?

    @Option(
        help: ArgumentHelp(
            "Serve /metrics for Prometheus there: host:port or unix:/path (default: nowhere).",
            valueName: "address"))
    var metrics: String?

    @Flag(
        inversion: .prefixedNo,
        help:
            "Load the app again when its files change (default: in development). SIGHUP does it at any time.")
    var watch: Bool?

    @Option(
        help: ArgumentHelp("Certificate with its chain (PEM): speak TLS. May be repeated.", valueName: "file")
    )
    var tlsCert: [String] = []

    @Option(help: ArgumentHelp("Private key (PEM), one for each certificate.", valueName: "file"))
    var tlsKey: [String] = []

    @Flag(help: "Speak TLS with a certificate made at start, which nobody trusts: for development.")
    var tlsSelfSigned = false

    @Option(help: ArgumentHelp("Listen here, too, and send clients to HTTPS.", valueName: "address"))
    var tlsRedirect: String?

    @Option(
        help: ArgumentHelp("Tell browsers to use nothing but HTTPS for so long: 180d.", valueName: "span"))
    var tlsHSTS: String?

    @Option(
        help: ArgumentHelp(
            "Believe what this address or network says of the client. May be repeated.",
            valueName: "address"))
    var trustedProxy: [String] = []

    @Option(
        help: ArgumentHelp(
            "Which fields they write, which alone are read: x-forwarded (X-Forwarded-For, -Proto and -Host) or forwarded (default: x-forwarded).",
            valueName: "kind"))
    var forwarded: String?

    @Flag(
        inversion: .prefixedNo, help: "Compress pages and other text for clients that take it (default: on).")
    var compress: Bool?

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
        if let tlsHSTS {
            do throws(LoadError) { _ = try ServerOptions.strictTransport(tlsHSTS, "--tls-hsts") } catch {
                throw ValidationError(error.description)
            }
        }
    }

    func options(script: String) -> ServerOptions {
        var options = ServerOptions(script: script)
        options.host = host
        options.port = port
        options.workers = workers
        options.listen = listen.isEmpty ? nil : listen
        options.socketMode = socketMode
        options.reusesPort = reusePort ? true : nil
        options.mode = mode.map { $0 == .dev ? .development : .production }
        options.logLevel = logLevel
        options.hasAccessLog = accessLog
        options.accessLogFormat = accessLogFormat
        options.accessLogFile = accessLogFile
        options.metrics = metrics
        options.readiness = ready
        options.stopDelay = stopDelay
        options.compresses = compress
        options.watches = watch
        options.tlsCertificates = tlsCert.isEmpty ? nil : tlsCert
        options.tlsKeys = tlsKey.isEmpty ? nil : tlsKey
        options.tlsSelfSigned = tlsSelfSigned ? true : nil
        options.tlsRedirect = tlsRedirect
        options.tlsStrictTransport = tlsHSTS.flatMap { try? ServerOptions.strictTransport($0, "--tls-hsts") }
        options.trustedProxies = trustedProxy.isEmpty ? nil : trustedProxy
        options.forwarded = forwarded
        return options
    }
}

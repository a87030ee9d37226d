// SPDX-License-Identifier: MIT

import Foundation

/// A served app and the port that it listens on.
struct RunningServer {
    let command: Command
    let port: UInt16

    init(_ command: Command) throws {
        self.command = command
        port = try Self.readPort(command)
    }

    /// Serves `script` on a free port while `body` runs.
    static func with<Result>(
        _ script: String, _ arguments: [String] = ["--dev"], environment: [String: String] = [:],
        directory: URL = Project.root, _ body: (RunningServer) throws -> Result
    ) throws -> Result {
        let flags =
            arguments.contains("--port") || environment["LUAHTTPD_PORT"] != nil ? [] : ["--port", "0"]
        let command = try Command(
            [script] + flags + arguments, environment: environment, directory: directory)
        let server = try RunningServer(command)
        return try withExtendedLifetime(command) { try body(server) }
    }

    /// Serves an app of this source.
    static func with<Result>(
        source: String, _ arguments: [String] = ["--dev"], files: [String: String] = [:],
        _ body: (RunningServer) throws -> Result
    ) throws -> Result {
        try AppDirectory.with(files.merging(["app.lua": source]) { $1 }) { directory in
            try with("app.lua", arguments, directory: directory.url, body)
        }
    }

    /// Of the first address: from "… serves app.lua on http://127.0.0.1:34567/ with 2 workers".
    private static func readPort(_ command: Command) throws -> UInt16 {
        try command.wait(for: "line with the address") {
            if !command.isRunning { return .some(nil) }
            guard let line = command.errors.split(separator: "\n").first(where: { $0.contains(" serves ") }),
                let address = line.firstRange(of: "://"),
                let end = line[address.upperBound...].firstIndex(of: "/"),
                let colon = line[..<end].lastIndex(of: ":")
            else { return nil }
            return UInt16(line[line.index(after: colon)..<end])
        } ?? { throw Command.Failure(description: "did not start: \(command.errors)") }()
    }

    /// One request on a connection of its own.
    func request(
        _ method: String, _ target: String, headers: [String: String] = [:], body: String? = nil
    ) throws -> Response {
        let connection = try Connection(port: port)
        try connection.send(
            Connection.bytes(
                of: method, target, headers: headers.merging(["Connection": "close"]) { $1 }, body: body))
        return try connection.response(to: method)
    }

    func get(_ target: String, headers: [String: String] = [:]) throws -> Response {
        try request("GET", target, headers: headers)
    }

    func post(_ target: String, form: String) throws -> Response {
        try request(
            "POST", target, headers: ["Content-Type": "application/x-www-form-urlencoded"], body: form)
    }
}

// SPDX-License-Identifier: MIT

import LuaHTTP
import Logging

/// A program of its own with the server in it, and functions that its scripts may call.
///
///     swift run embedding-example [port]
@main
struct Example {
    static func main() async throws {
        let places = Places()
        var functions = ScriptFunctions()

        // Waits: other requests go on meanwhile, and it is cancelled when its request ends.
        try functions.define("geo.lookup") { (name: String) async throws -> [Double] in
            guard let place = try await places.find(name) else {
                throw ScriptFailure("no such place: \(name)")  // nil and a message in Lua
            }
            return place
        }
        // Does not wait: runs at once, on the event loop.
        try functions.define("geo.middle") { (a: [Double], b: [Double]) throws -> [Double] in
            guard a.count == 2, b.count == 2 else { throw NotAPlace() }  // raised in Lua
            return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]
        }
        try functions.define("geo.remember") { (name: String, place: [Double]) async in
            await places.remember(name, place)
        }

        let script = #filePath.dropLast("Example.swift".count) + "app.lua"
        var options = ServerOptions(script: String(script))
        options.port = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 8080
        let logger = Logger(label: "example")
        let server = try await Server.start(options, functions: functions, logger: logger)
        logger.info("http://\(server.host):\(server.port)/middle/Berlin/Lisbon")
        try await Task.sleep(for: .seconds(1_000_000))
        try await server.shutDown()
    }
}

struct NotAPlace: Error, CustomStringConvertible {
    let description = "a place has two coordinates"
}

/// Stands for a database.
actor Places {
    private var known = ["Berlin": [52.5, 13.4], "Lisbon": [38.7, -9.1]]

    func find(_ name: String) async throws -> [Double]? {
        try await Task.sleep(for: .milliseconds(1))
        return known[name]
    }

    func remember(_ name: String, _ place: [Double]) { known[name] = place }
}

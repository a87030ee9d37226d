// SPDX-License-Identifier: MIT

@preconcurrency import Dispatch
import Foundation
import Synchronization
import Testing

/// Reloads while clients ask: none fails, none gets half of one version and half of another. The full size is
/// Benchmarks/Reload/reload.py.
@Suite("reload under load")
struct ReloadUnderLoadTests {
    /// Clients that ask again and again, with kept and with fresh connections.
    private final class Clients: Sendable {
        private struct Tally {
            var isStopped = false
            var seen: Set<String> = []
            var faults: [String] = []
            var answers = 0
        }

        private let tally = Mutex(Tally())
        private let group = DispatchGroup()

        init(port: UInt16, keeping: Int, fresh: Int) {
            for number in 0..<(keeping + fresh) {
                group.enter()
                Thread.detachNewThread { [self] in
                    run(port: port, keeps: number < keeping)
                    group.leave()
                }
            }
        }

        private func run(port: UInt16, keeps: Bool) {
            var connection: Connection?
            while !tally.withLock({ $0.isStopped }) {
                do {
                    if connection == nil || !keeps { connection = try Connection(port: port) }
                    try connection?.send(Connection.bytes(of: "GET", "/"))
                    guard let answer = try connection?.response() else { continue }
                    // After limits.requests_per_connection.
                    if answer["connection"] == "close" { connection = nil }
                    let words = Set(answer.text.split(separator: " ").map(String.init))
                    tally.withLock { tally in
                        tally.answers += 1
                        if answer.status == 200, words.count == 1 {
                            tally.seen.formUnion(words)
                        } else {
                            tally.faults.append("\(answer.status) \(answer.text)")
                        }
                    }
                } catch {
                    tally.withLock { $0.faults.append("\(error)") }
                    connection = nil
                }
            }
        }

        func hasSeen(_ word: String) -> Bool {
            tally.withLock { $0.seen.contains(word) || !$0.faults.isEmpty }
        }
        var seen: Set<String> { tally.withLock { $0.seen } }

        /// Returns what went wrong, and how many answers came.
        func stop() -> (faults: [String], answers: Int) {
            tally.withLock { $0.isStopped = true }
            group.wait()
            return tally.withLock { ($0.faults, $0.answers) }
        }
    }

    private static func files(_ word: String) -> [String: String] {
        [
            "app.lua": """
            local app = require "luahttpd"
            local words = require "words"
            app:get("/", function(req) return { route = "\(word)", module = words.word }, "page.html" end)
            """,
            "words.lua": "return { word = '\(word)' }",
            "templates/page.html": "\(word) {{ route }} {{ module }}",
        ]
    }

    @Test("no request fails, and none sees two versions", .timeLimit(.minutes(5)))
    func signals() throws {
        try AppDirectory.with(Self.files("v0")) { directory in
            try RunningServer.with(
                "app.lua", ["--prod", "--workers", "2", "--no-access-log"], directory: directory.url
            ) { server in
                let clients = Clients(port: server.port, keeping: 2, fresh: 1)
                for number in 1...25 {
                    for (name, text) in Self.files("v\(number)") { try directory.write(name, text) }
                    server.command.signal(SIGHUP)
                    _ = try server.command.wait(for: "version \(number)") {
                        clients.hasSeen("v\(number)") ? true : nil
                    }
                }
                let (faults, answers) = clients.stop()
                #expect(faults == [])
                #expect(answers > 25)
            }
        }
    }

    @Test("what is broken while clients ask changes nothing for them", .timeLimit(.minutes(5)))
    func broken() throws {
        try AppDirectory.with(Self.files("v0")) { directory in
            try RunningServer.with(
                "app.lua", ["--dev", "--workers", "2", "--no-access-log"], directory: directory.url
            ) { server in
                let clients = Clients(port: server.port, keeping: 2, fresh: 1)
                for (name, text, message) in [
                    ("app.lua", "x = = 1", "app.lua:1: "), ("words.lua", "\nerror 'no'", "words.lua:2: no"),
                    ("templates/page.html", "{% if %}", "page.html:1:"),
                ] {
                    try directory.write(name, text)
                    try server.command.waitUntilSaid(message)
                    try directory.write(name, Self.files("v0")[name]!)
                }
                #expect(clients.stop().faults == [])
                #expect(clients.seen == ["v0"])
            }
        }
    }
}

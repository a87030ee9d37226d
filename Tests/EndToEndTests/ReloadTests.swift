// SPDX-License-Identifier: MIT

import Foundation
import Testing

/// Saving files while the site is served: what is new comes into force, what is broken does not.
@Suite("reload")
struct ReloadTests {
    private struct Site {
        let server: RunningServer
        let directory: AppDirectory

        func text(_ path: String = "/") throws -> String { try server.get(path).text }

        func waitUntil(_ path: String = "/", says text: String) throws {
            _ = try server.command.wait(for: "'\(text)'") { try? self.text(path) == text ? true : nil }
        }

        func count(_ text: String) -> Int { server.command.errors.components(separatedBy: text).count - 1 }
    }

    private static let files = [
        "app.lua": """
        local app = require "luahttpd"
        local words = require "words"
        app:static("/assets", "public")
        app:get("/", function(req) return { word = words.word }, "page.html" end)
        app:get("/slow", function(req) app.log.info("slow begins") app.sleep(0.7) return { word = words.word }, "page.html" end)
        """,
        "words.lua": "return { word = 'one' }",
        "templates/page.html": "{% include 'part.html' %} {{ word }}",
        "templates/part.html": "A",
        "public/site.css": "a { }",
    ]

    private func with(
        _ arguments: [String] = ["--dev"], files: [String: String] = files, _ body: (Site) throws -> Void
    ) throws {
        try AppDirectory.with(files) { directory in
            try RunningServer.with("app.lua", arguments + ["--workers", "2"], directory: directory.url) {
                server in
                try body(Site(server: server, directory: directory))
            }
        }
    }

    @Test("a page loaded right after a save is the new one")
    func freshness() throws {
        try with { site in
            #expect(try site.text() == "A one")
            for (number, word) in ["two", "three", "four"].enumerated() {
                try site.directory.write("words.lua", "return { word = '\(word)' }")
                #expect(try site.text() == "\(["A", "B", "C"][number]) \(word)")
                try site.directory.write("templates/part.html", ["B", "C", "D"][number])
                #expect(try site.text() == "\(["B", "C", "D"][number]) \(word)")
            }
            #expect(site.count("info luahttpd: [LuaHTTP] reloaded") == 3)
            #expect(site.count("templates reloaded") == 3)
        }
    }

    @Test("routes come and go, new modules and templates are found, posts get the new code")
    func structure() throws {
        try with { site in
            #expect(try site.server.get("/new").status == 404)
            try site.directory.write(
                "app.lua",
                """
                local app = require "luahttpd"
                app:get("/new", function(req) return { word = require("deep.module") }, "new/page.html" end)
                app:post("/new", function(req) return app.text(req.body) end)
                """)
            try site.directory.write("deep/module.lua", "return 'deep'")
            try site.directory.write("templates/new/page.html", "new {{ word }}")
            #expect(try site.text("/new") == "new deep")
            #expect(try site.server.get("/").status == 404)
            #expect(try site.server.request("POST", "/new", body: "x").text == "x")
            // A module that was required in a handler, when the app had been loaded.
            try site.directory.write("deep/module.lua", "return 'deeper'")
            #expect(try site.text("/new") == "new deeper")
            try site.directory.write(
                "app.lua", "local app = require 'luahttpd'\napp:post('/', function(req) return req.body end)")
            // A request with a body does not wait for the reload.
            _ = try site.server.command.wait(for: "the new route") {
                try? site.server.request("POST", "/", body: "hello").text == "hello" ? true : nil
            }
        }
    }

    @Test(
        "what does not load changes nothing, and says where it is broken",
        arguments: [
            ("app.lua", "local app = = 1", "app.lua:1: unexpected symbol near '='"),
            ("app.lua", "\nerror('oh no')", "app.lua:2: oh no"),
            ("app.lua", "", "app.lua:1: the main script is empty"),
            ("app.lua", "require 'nowhere'", "app.lua:1: module 'nowhere' not found"),
            ("words.lua", "return { word = ", "words.lua:1: unexpected symbol near <eof>"),
            ("words.lua", "", "app.lua:2: module 'words' is empty"),
            ("words.lua", "\n\nerror('in module')", "words.lua:3: in module"),
            ("templates/page.html", "{% if %}", "page.html:1:"),
            ("templates/part.html", "{% extends 'part.html' %}", "'part.html' extends itself"),
            ("templates/part.html", "{{ 1 | nofilter }}", "nofilter"),
            (".env", "WHAT", ".env:1: expected NAME=value"),
            (
                "app.lua",
                "local app = require 'luahttpd'\napp:on('check', function() error('not well') end)",
                "app.lua:2: not well"
            ),
        ])
    func broken(file: String, text: String, message: String) throws {
        try with { site in
            try site.directory.replace(file, text)
            #expect(try site.text() == "A one")
            try site.server.command.waitUntilSaid(message)
            #expect(site.count("the last good version goes on") >= 1)
            // Mended by another content…
            try site.directory.replace(file, file == ".env" ? "WHAT=1" : Self.files[file]! + "\n")
            #expect(try site.text().trimmingCharacters(in: .whitespacesAndNewlines).hasPrefix("A"))
            try site.server.command.waitUntilSaid("reloaded in ")
        }
    }

    @Test("taking a mistake back mends without loading anything")
    func mended() throws {
        try with { site in
            try site.directory.write("words.lua", "return {")
            #expect(try site.text() == "A one")
            try site.directory.write("words.lua", Self.files["words.lua"]!)
            #expect(try site.text() == "A one")
            try site.server.command.waitUntilSaid("the files are again as they were loaded last")
            #expect(site.count("reloaded in") == 0)
        }
    }

    @Test("a missing file is waited for")
    func missing() throws {
        try with { site in
            try FileManager.default.removeItem(at: site.directory.url.appending(path: "app.lua"))
            #expect(try site.text() == "A one")
            try site.server.command.waitUntilSaid("cannot read app.lua")
            try site.directory.write(
                "app.lua", "local app = require 'luahttpd'\napp:get('/', function() return 'back' end)")
            #expect(try site.text() == "back")
        }
    }

    @Test("what editors and databases leave, and touching files, loads nothing")
    func leftovers() throws {
        try with { site in
            for name in [
                "4913", ".app.lua.swp", "app.lua~", "#app.lua#", ".#app.lua", "app.db-wal", "app.db-journal",
                "app.lua.tmp",
                "unrelated.lua", "templates/.page.html.swp", "templates/4913", "templates/page.html~",
                "templates/#page.html#", "templates/page.html.tmp",
            ] {
                try site.directory.write(name, "{% broken")
                #expect(try site.text() == "A one")
            }
            for name in Self.files.keys {
                let file = site.directory.url.appending(path: name)
                try FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: file.path)
                try site.directory.write(name, Self.files[name]!)
                #expect(try site.text() == "A one")
            }
            #expect(site.count("reloaded") == 0)
            #expect(site.count("does not load") == 0)
        }
    }

    @Test("many files at once are one reload")
    func together() throws {
        var files = Self.files
        for number in 0..<200 { files["templates/t\(number).html"] = "old" }
        try with(files: files) { site in
            // To the server it is one moment, however slow the machine is.
            site.server.command.signal(SIGSTOP)
            for number in 0..<200 { try site.directory.write("templates/t\(number).html", "new \(number)") }
            try site.directory.write("words.lua", "return { word = 'two' }")
            site.server.command.signal(SIGCONT)
            #expect(try site.text() == "A two")
            #expect(site.count("reloaded in") == 1)
        }
    }

    @Test("requests under way end with the code and the page that they began with")
    func underWay() throws {
        try with { site in
            let connection = try Connection(port: site.server.port)
            try connection.send(Connection.bytes(of: "GET", "/slow"))
            try connection.send(Connection.bytes(of: "GET", "/"))
            try site.server.command.waitUntilSaid("slow begins")
            try site.directory.write("templates/part.html", "B")
            #expect(try site.text() == "B one")
            try site.directory.write("words.lua", "return { word = 'two' }")
            #expect(try site.text() == "B two")
            #expect(try connection.response().text == "A one")
            #expect(try connection.response().text == "B two")
            // The connection lives on.
            try site.directory.write("words.lua", "return { word = 'three' }")
            try connection.send(Connection.bytes(of: "GET", "/"))
            #expect(try connection.response().text == "B three")
        }
    }

    @Test("production loads again on SIGHUP, and only then")
    func hangup() throws {
        try with(["--prod"]) { site in
            try site.directory.write("words.lua", "return { word = 'two' }")
            try site.directory.write("templates/part.html", "B")
            #expect(try site.text() == "A one")
            site.server.command.signal(SIGHUP)
            try site.waitUntil(says: "B two")
            try site.directory.write("words.lua", "return {")
            site.server.command.signal(SIGHUP)
            try site.server.command.waitUntilSaid("words.lua:1: ")
            #expect(try site.text() == "B two")
            try site.directory.write("words.lua", "return { word = 'three' }")
            site.server.command.signal(SIGHUP)
            try site.waitUntil(says: "B three")
            site.server.command.signal(SIGTERM)
            #expect(try site.server.command.exitCode() == 0)
        }
    }

    @Test("production may watch, development may not")
    func watchFlag() throws {
        try with(["--prod", "--watch"]) { site in
            try site.directory.write("words.lua", "return { word = 'two' }")
            try site.waitUntil(says: "A two")
        }
        try with(["--dev", "--no-watch"]) { site in
            try site.directory.write("words.lua", "return { word = 'two' }")
            #expect(try site.text() == "A one")
            site.server.command.signal(SIGHUP)
            try site.waitUntil(says: "A two")
        }
    }

    @Test("settings that cannot change are named, others change")
    func settings() throws {
        let source = { (settings: String) in
            """
            local app = require "luahttpd"
            app:config { \(settings) }
            app:get("/", function(req) app.log.debug("looking") return app.env end)
            app:post("/", function(req) return app.text(#req.body .. "") end)
            """
        }
        try with(files: ["app.lua": source("")]) { site in
            #expect(try site.text() == "dev")
            #expect(site.count("looking") == 0)
            try site.directory.write(
                "app.lua", source("port = 9, workers = 3, log_level = 'debug', limits = { body = 10 }"))
            #expect(try site.text() == "dev")
            try site.server.command.waitUntilSaid("looking")
            #expect(site.count("workers is now") == 0)  // a flag says 2
            #expect(try site.server.request("POST", "/", body: "0123456789").text == "10")
            #expect(try site.server.request("POST", "/", body: "0123456789a").status == 413)
        }
    }

    @Test("what needs a restart is compared with what runs, and said once")
    func restart() throws {
        let source = { (port: Int) in
            "local app = require 'luahttpd'\napp:config { access_log_file = \(port == 0 ? "nil" : "'log\(port)'") }\n"
                + "app:get('/', function() return 'v\(port)' end)"
        }
        try with(files: ["app.lua": source(0)]) { site in
            #expect(try site.text() == "v0")
            try site.directory.write("app.lua", source(1))
            #expect(try site.text() == "v1")
            try site.directory.write("app.lua", source(1) + "\n")
            #expect(try site.text() == "v1")
            try site.server.command.waitUntilSaid("access_log_file is now")
            try site.directory.write("app.lua", source(0))
            #expect(try site.text() == "v0")
            #expect(site.count("restart to apply") == 1)
        }
    }

    @Test(".env stands in for the environment, which wins, and is watched; so is data that the app names")
    func environment() throws {
        let source = """
            local app = require "luahttpd"
            app:watch("data.txt", "texts")
            local file = io.open("data.txt")
            local data = file and file:read("a") or "no data"
            app:get("/", function(req)
              return app.text(os.getenv("GREETING") .. " " .. (os.getenv("HOME") ~= "nowhere" and "home" or "-") .. " " .. data)
            end)
            """
        try with(files: ["app.lua": source, ".env": "GREETING=hello\nHOME=nowhere\nLUAHTTPD_LOG_LEVEL=info"])
        { site in
            #expect(try site.text() == "hello home no data")
            try site.directory.write(".env", "GREETING='good day'")
            #expect(try site.text() == "good day home no data")
            try site.directory.write("data.txt", "some data")
            #expect(try site.text() == "good day home some data")
            try site.directory.write("data.txt", "other data")
            #expect(try site.text() == "good day home other data")
            try site.directory.write("texts/a.txt", "a")
            #expect(try site.text() == "good day home other data")
            #expect(site.count("reloaded in") == 4)
        }
    }
}

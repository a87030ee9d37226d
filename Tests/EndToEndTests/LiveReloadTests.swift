// SPDX-License-Identifier: MIT

import Foundation
import Testing

/// The loop of development in a real browser: a file is saved, and the open page follows.
@Suite(
    "live reload", .enabled(if: Browser.path != nil, "Chromium is not installed"))
struct LiveReloadTests {
    private static let script = """
        local app = require "luahttpd"
        app:get("/", function(req) return { name = "one" }, "page.html" end)
        app:static("/assets", "public")
        """
    private static let page = """
        <!DOCTYPE html>
        <link rel="stylesheet" href="/assets/app.css">
        <body><h1>{{ name }}</h1><p>first</p><div id="tall">tall</div></body>
        """
    private static let files = [
        "app.lua": script, "templates/page.html": page,
        "public/app.css": "h1 { color: rgb(1, 2, 3) } #tall { height: 5000px }",
    ]

    private static let heading = "document.querySelector('h1')?.textContent"
    private static let color = "getComputedStyle(document.querySelector('h1')).color"
    private static let overlay = "document.querySelector('luahttpd-overlay')?.shadowRoot.textContent"

    @Test(
        "an open page follows its files, shows why a change does not load, and forgets it when it is mended")
    func loop() throws {
        try AppDirectory.with(Self.files) { directory in
            try RunningServer.with("app.lua", ["--dev"], directory: directory.url) { server in
                let browser = try Browser()
                try browser.open("http://127.0.0.1:\(server.port)/")
                try browser.wait(until: Self.heading, is: "one")
                try browser.wait(until: "(scrollTo(0, 1200), scrollY)", is: "1200")

                // The script, and the page stays where it was scrolled to.
                try directory.write("app.lua", Self.script.replacing("one", with: "two"))
                try browser.wait(until: Self.heading, is: "two")
                try browser.wait(until: "scrollY", is: "1200")

                // A template.
                try directory.write("templates/page.html", Self.page.replacing("first", with: "second"))
                try browser.wait(until: "document.querySelector('p').textContent", is: "second")

                // A stylesheet, without loading the page again.
                _ = try browser.evaluate("window.stays = 'here'")
                try directory.write("public/app.css", "h1 { color: rgb(7, 8, 9) }")
                try browser.wait(until: Self.color, is: "rgb(7, 8, 9)")
                #expect(try browser.evaluate("window.stays") == "here")

                // A mistake: the page stays, and says so.
                try directory.write("templates/page.html", Self.page.replacing("</h1>", with: "{{ </h1>"))
                try browser.wait(until: "(\(Self.overlay) ?? '').includes('page.html:3')", is: "true")
                #expect(try browser.evaluate(Self.heading) == "two")
                #expect(try browser.evaluate("window.stays") == "here")
                keep(try browser.screenshot(), "overlay")

                // Mended as it was: nothing to load, and the overlay goes.
                try directory.write("templates/page.html", Self.page.replacing("first", with: "second"))
                try browser.wait(until: Self.overlay, is: "undefined")
                #expect(try browser.evaluate("window.stays") == "here")
            }
        }
    }

    @Test("a page whose handler fails comes back by itself when the script is mended")
    func errorPage() throws {
        let broken = Self.script.replacing("\"one\"", with: "req.nothing.name")
        try AppDirectory.with(Self.files.merging(["app.lua": broken]) { $1 }) { directory in
            try RunningServer.with("app.lua", ["--dev"], directory: directory.url) { server in
                let browser = try Browser()
                try browser.open("http://127.0.0.1:\(server.port)/")
                try browser.wait(until: "(\(Self.heading) ?? '').includes('attempt to index')", is: "true")
                keep(try browser.screenshot(), "error")
                try directory.write("app.lua", Self.script)
                try browser.wait(until: Self.heading, is: "one")
            }
        }
    }

    @Test("a page follows a server that was started again, under a policy that lets nothing in")
    func restart() throws {
        let script = """
            local app = require "luahttpd"
            app:after(function(req, res)
              res.headers["Content-Security-Policy"] = "default-src 'none'"
            end)
            app:get("/", function(req) return "<h1>one</h1>" end)
            """
        try AppDirectory.with(["app.lua": script]) { directory in
            let browser = try Browser()
            var port: UInt16 = 0
            try RunningServer.with("app.lua", ["--dev"], directory: directory.url) { server in
                port = server.port
                try browser.open("http://127.0.0.1:\(port)/")
                try browser.wait(until: Self.heading, is: "one")
                try server.command.waitUntilSaid(" serves ")
                server.command.signal(SIGTERM)
                #expect(try server.command.exitCode() == 0)
            }
            try directory.write("app.lua", script.replacing("one", with: "two"))
            try RunningServer.with("app.lua", ["--dev", "--port", "\(port)"], directory: directory.url) { _ in
                try browser.wait(until: Self.heading, is: "two")
            }
        }
    }

    /// For people who want to look: LUAHTTPD_SCREENSHOTS names a directory.
    private func keep(_ picture: Data, _ name: String) {
        guard let directory = ProcessInfo.processInfo.environment["LUAHTTPD_SCREENSHOTS"] else { return }
        try? picture.write(to: URL(filePath: directory).appending(path: "\(name).png"))
    }
}

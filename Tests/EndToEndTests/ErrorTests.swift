// SPDX-License-Identifier: MIT

import Testing

/// What visitors and authors see when an app goes wrong.
@Suite("errors")
struct ErrorTests {
    private let source = """
        local app = require "luahttpd"
        local function look(user)
          return user.name
        end
        app:get("/", function(req) return app.text("hello") end)
        app:get("/error", function(req)
          local secret = "hunter2"
          local name = look(nil)
          return name
        end)
        app:get("/nothing", function(req) end)
        app:get("/bare", function(req) return { a = 1 } end)
        app:get("/global", function(req) counter = 1 return app.text("set") end)
        app:get("/teapot", function(req) app.abort(418, "I am <a> teapot") end)
        app:get("/object", function(req) error({}) end)
        app:get("/nil", function(req) error() end)
        app:get("/deep", function(req) local function f() return 1 + f() end return f() end)
        app:get("/header", function(req) return app.text("x", { headers = { ["X-A"] = req.query.v } }) end)
        app:get("/length", function(req) return app.text("x", { headers = { ["Content-Length"] = "1" } }) end)
        app:get("/cookie", function(req) return app.text("x", { cookies = { a = req.query.v } }) end)
        app:get("/redirect", function(req) return app.redirect(req.query.to) end)
        app:get("/template", function(req) return {}, "missing.html" end)
        """

    private let browser = ["Accept": "text/html"]

    @Test("in development an error shows message, place, source and calls")
    func development() throws {
        try RunningServer.with(source: source, ["--dev"]) { server in
            let page = try server.get("/error", headers: browser)
            #expect(page.status == 500)
            #expect(page["content-type"] == "text/html; charset=utf-8")
            #expect(page["cache-control"] == "no-store")
            #expect(page.text.contains("app.lua:3: attempt to index a nil value (local &#39;user&#39;)"))
            #expect(page.text.contains("3 &gt;   return user.name"))
            #expect(page.text.contains("app.lua:8:"))
            let text = try server.get("/error")
            #expect(text["content-type"] == "text/plain; charset=utf-8")
            #expect(text.text.contains("app.lua:3: attempt to index a nil value"))
        }
    }

    @Test("in production an error shows a plain page, and the log has the rest")
    func production() throws {
        try RunningServer.with(source: source, ["--prod"]) { server in
            for headers in [[:], browser] {
                let page = try server.get("/error", headers: headers)
                #expect(page.status == 500)
                #expect(page.text.contains("500 Internal Server Error"))
                for leak in ["app.lua", "user", "hunter2", "traceback", "nil"] {
                    #expect(!page.text.contains(leak), "\(leak)")
                }
            }
            let log = server.command.errors
            #expect(log.contains("GET /error: 500"))
            #expect(log.contains("app.lua:3: attempt to index a nil value (local 'user')"))
        }
    }

    @Test("any error is one well-formed 500, and the connection goes on", arguments: ["--dev", "--prod"])
    func everyError(mode: String) throws {
        try RunningServer.with(source: source, [mode]) { server in
            let connection = try Connection(port: server.port)
            for path in ["/error", "/nothing", "/bare", "/object", "/nil", "/template"] {
                try connection.send(Connection.bytes(of: "GET", path) + Connection.bytes(of: "GET", "/"))
                try #expect(connection.response().status == 500, "\(path)")
                try #expect(connection.response().text == "hello", "after \(path)")
            }
        }
    }

    @Test("what a handler must return is said where it does not")
    func returnProtocol() throws {
        try RunningServer.with(source: source, ["--dev"]) { server in
            try #expect(server.get("/nothing").text.contains("returned nothing: return { … }, \"page.html\""))
            try #expect(server.get("/bare").text.contains("returned variables but no template name"))
            try #expect(server.get("/template").text.contains("missing.html"))
        }
    }

    @Test("a new global is an error in development and a warning in production")
    func globals() throws {
        try RunningServer.with(source: source, ["--dev"]) { server in
            let answer = try server.get("/global")
            #expect(answer.status == 500)
            #expect(answer.text.contains("undeclared global 'counter'"))
        }
        try RunningServer.with(source: source, ["--prod"]) { server in
            try #expect(server.get("/global").text == "set")
            #expect(server.command.errors.contains("undeclared global 'counter'"))
        }
    }

    @Test("app.abort answers with its status and message, inert")
    func abort() throws {
        try RunningServer.with(source: source, ["--prod"]) { server in
            let answer = try server.get("/teapot", headers: browser)
            #expect(answer.status == 418)
            #expect(answer.text.contains("I am &lt;a&gt; teapot"))
        }
    }

    @Test(
        "a line break in a header is an error of the app and never on the wire",
        arguments: [
            "/header?v=a%0d%0aSet-Cookie:%20evil=1", "/header?v=a%0aSet-Cookie:%20evil=1", "/header?v=a%0d",
            "/header?v=a%00b", "/length", "/cookie?v=a;%20Path=/evil", "/cookie?v=a%0d%0aEvil:%201",
            "/redirect?to=/%0d%0aSet-Cookie:%20evil=1", "/redirect?to=https://evil.example/",
            "/redirect?to=//evil.example/", "/redirect?to=/%5cevil.example/",
        ])
    func headerInjection(target: String) throws {
        try RunningServer.with(source: source, ["--prod"]) { server in
            let answer = try server.get(target)
            #expect(answer.status == 500)
            #expect(answer["set-cookie"] == nil)
            #expect(answer["location"] == nil)
            #expect(answer["evil"] == nil)
            try #expect(server.get("/header?v=fine")["x-a"] == "fine")
        }
    }

    @Test("an error in the error handler ends in the built-in page")
    func errorInErrorHandler() throws {
        let source = """
            local app = require "luahttpd"
            app:get("/", function(req) error("first") end)
            app:error("*", function(req, err) error("second") end)
            """
        try RunningServer.with(source: source, ["--prod"]) { server in
            for path in ["/", "/nowhere"] {
                let answer = try server.get(path)
                #expect(answer.status == 500)
                #expect(answer.text.contains("500 Internal Server Error"))
            }
            #expect(server.command.errors.contains("first"))
            #expect(server.command.errors.contains("second"))
        }
    }

    @Test("an error in a template shows the template's line in development")
    func templateError() throws {
        let source = """
            local app = require "luahttpd"
            app:get("/", function(req) return { user = { name = "Ada" } }, "page.html" end)
            """
        let files = ["templates/page.html": "<h1>\n  {{ user.nmae.first }}\n</h1>\n"]
        try RunningServer.with(source: source, ["--dev"], files: files) { server in
            let answer = try server.get("/")
            #expect(answer.status == 500)
            #expect(answer.text.contains("page.html:2:"))
            #expect(answer.text.contains("{{ user.nmae.first }}"))
        }
        try RunningServer.with(source: source, ["--prod"], files: files) { server in
            let answer = try server.get("/")
            #expect(answer.status == 500)
            #expect(!answer.text.contains("nmae"))
        }
    }

    @Test("an undefined variable is an error in development, nothing in production, whoever chose it")
    func undefinedVariable() throws {
        let source = """
            local app = require "luahttpd"
            app:get("/", function(req) return {}, "page.html" end)
            """
        let files = ["templates/page.html": "<p>{{ nothing }}</p>"]
        try RunningServer.with(source: source, ["--dev"], files: files) { server in
            try #expect(server.get("/").status == 500)
        }
        // Without a terminal the mode is production.
        for flags in [["--prod"], []] {
            try RunningServer.with(source: source, flags, files: files) { server in
                try #expect(server.get("/").text == "<p></p>")
            }
        }
    }
}

// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

/// Routes, groups, mounts and hooks of the library: which handler a route ends up with.
struct RoutesAndHooksTests {
    private func routes(_ source: String) throws -> [String] {
        let fixture = try ScriptFixture()
        #expect(fixture.run(source) == "")
        return try fixture.definition().routes.map { route in
            var text = route.methods.joined(separator: ",") + " " + route.path
            if let name = route.name { text += " " + name }
            if case .files(let options) = route.target {
                text += " files=\(options.directory) \(options.cache.first?.value ?? "-")"
            }
            if let limit = route.limits[.bodyBytes] { text += " body=\(limit)" }
            return text + " at " + route.origin
        }
    }

    @Test func eachWayToDeclareARoute() throws {
        #expect(
            try routes(
                """
                app:get("/a", print):name "first"
                app:any("/b", print)
                app:post("/c", { limits = { body = "2KiB" }, json = true }, print)
                app:route { method = { "get", "Post" }, path = "/d", handler = print, name = "fourth" }
                app:route { path = "/e", print }
                app:match("sixth", "/f", setmetatable({}, { __call = print }))
                """) == [
                    "GET /a first at app.lua:1", "ANY /b at app.lua:2", "POST /c body=2048 at app.lua:3",
                    "GET,POST /d fourth at app.lua:4", "GET /e at app.lua:5", "ANY /f sixth at app.lua:6",
                ])
    }

    @Test func groupsAndMountsPrefix() throws {
        #expect(
            try routes(
                """
                local users = app.router()
                users:get("/", print):name "users"
                users:group("/:id", function(user) user:get("/posts", print) end)
                app:group("/v1/", function(v1)
                  v1:get("/", print)
                  v1:mount("/users", users)
                  v1:group("/deep", function(deep) deep:mount("/er/", users.router and app.router() or app.router()) end)
                end)
                app:mount("/people", (function() local r = app.router() r:get("/x", print) return r end)())
                """) == [
                    "GET /v1 at app.lua:5", "GET /v1/users users at app.lua:2",
                    "GET /v1/users/:id/posts at app.lua:3",
                    "GET /people/x at app.lua:9",
                ])
    }

    @Test func aNameMountedTwiceIsTaken() throws {
        let fixture = try ScriptFixture()
        #expect(
            fixture.run(
                """
                local r = app.router()
                r:get("/", print):name "home"
                app:mount("/a", r)
                app:mount("/b", r)
                """) == "app.lua:4: the route name 'home' is already taken at app.lua:2")
    }

    @Test func filesGiveWayToAPageAtTheirRoot() throws {
        #expect(
            try routes("app:static('/s', 'public', { cache = '1h' })") == [
                "GET /s/ files=public 1h at app.lua:1", "GET /s/*path files=public 1h at app.lua:1",
            ])
        #expect(
            try routes("app:static('/', 'public') app:get('/', print)") == [
                "GET /*path files=public - at app.lua:1", "GET / at app.lua:1",
            ])
    }

    // MARK: Hooks

    /// Calls the handler of `path` with a request; the log of what ran, and the body of the answer.
    private func trace(_ source: String, path: String = "/") throws -> String {
        let fixture = try ScriptFixture()
        let prelude = """
            local seen = {} function t(name) return function() seen[#seen + 1] = name end end
            local function u(name) return function(req, next) t(name .. "<")() local a = next() t(name .. ">")() return a end end
            local function h(name) return function() t(name)() return name end end
            function result() return table.concat(seen, " ") end
            """.replacing("\n", with: " ")
        #expect(fixture.run(prelude + "\n" + source) == "")
        try fixture.finish()
        return fixture.run(
            """
            local a, b, c = routes["\(path)"].handler {}
            return result(), "=", type(a) == "table" and a.body or a, b, c
            """)
    }

    @Test func hooksRunFromTheOutsideIn() throws {
        #expect(
            try trace(
                """
                app:before(t "b1") app:use(u "u1") app:after(t "a1")
                app:group("/g", function(g)
                  g:before(t "b2") g:use(u "u2") g:after(t "a2")
                  g:get("/x", h "h")
                  g:group("/n", function(n) n:before(t "b3") n:get("/y", h "i") end)
                end)
                app:before(t "b4")
                app:get("/", h "root")
                """, path: "/g/x") == "u1< u2< b1 b4 b2 h a1 a2 u2> u1> = h nil nil")
    }

    @Test func hooksOfOtherGroupsDoNotRun() throws {
        let app = """
            app:before(t "b1")
            app:before("/admin", t "admin")
            app:group("/g", function(g)
              g:before(t "b2") g:before("/n", t "prefix")
              g:get("/x", h "h")
              g:group("/n", function(n) n:before(t "b3") n:get("/y", h "i") end)
            end)
            app:get("/", h "root") app:get("/admin", h "a") app:get("/admin/users", h "b") app:get("/administer", h "c")
            """
        #expect(try trace(app) == "b1 root = root nil nil")
        #expect(try trace(app, path: "/g/x") == "b1 b2 h = h nil nil")
        #expect(try trace(app, path: "/g/n/y") == "b1 b2 prefix b3 i = i nil nil")
        #expect(try trace(app, path: "/admin") == "b1 admin a = a nil nil")
        #expect(try trace(app, path: "/admin/users") == "b1 admin b = b nil nil")
        #expect(try trace(app, path: "/administer") == "b1 c = c nil nil")
    }

    @Test func hooksOfAMountedRouterComeWithIt() throws {
        #expect(
            try trace(
                """
                app:before(t "app")
                local r = app.router() r:before(t "router") r:before("/x", t "prefix") r:get("/x", h "x") r:get("/z", h "z")
                app:mount("/m", r)
                """, path: "/m/x") == "app router prefix x = x nil nil")
    }

    @Test func aHookMayAnswer() throws {
        #expect(
            try trace("app:before(function() return 'no' end) app:before(t 'late') app:get('/', h 'h')")
                == " = no nil nil")
        #expect(
            try trace(
                "app:before(function() return {}, 'p.html' end) app:after(function(req, res) res.body = res.template end) app:get('/', h 'h')"
            ) == " = p.html nil nil")
        #expect(
            try trace("app:after(function(req, res) return res.body .. '!' end) app:get('/', h 'h')")
                == "h = h! nil nil")
        #expect(
            try trace(
                "app:after(function(req, res) res.body = 'changed' res.headers.A = 'b' end) app:get('/', h 'h')"
            ) == "h = changed nil nil")
        #expect(
            try trace("app:use(function(req, next) return 'instead' end) app:get('/', h 'h')")
                == " = instead nil nil")
        #expect(
            try trace(
                "app:before(t 'b') app:after(t 'a') app:get('/', { json = true }, function() return { 1 } end)"
            ) == "b a = [1] nil nil")
    }

    @Test("mistakes of hooks are told with their name and line")
    func mistakesOfHooks() throws {
        for (hook, mistake) in [
            (
                "before(function() return { error = 'x' } end)",
                "the before hook returned variables but no template name"
            ),
            ("before(function() return 42 end)", "the before hook returned a number"),
            ("use(function() end)", "the app:use hook returned nothing"),
            ("after(function() return 1 end)", "the after hook returned a number"),
            (
                "after(function(req, res) res.status = 'x' end)",
                "the after hook returned a status that is not"
            ),
            (
                "after(function(req, res) res.headers['A b'] = 'x' end)",
                "the after hook returned the header \"A b\""
            ),
            (
                "after(function(req, res) res.stauts = 404 end)",
                "the after hook returned a response with an unknown field 'stauts' (did you mean 'status'?)"
            ),
            ("use(function(req, next) next() return next() end)", "the app:use hook called next() twice"),
        ] {
            let text = try trace("\napp:\(hook)\n\napp:get('/', h 'h')")
            #expect(text.hasPrefix("app.lua:3: \(mistake)"), "\(text)")
        }
        // The handler's own, before a hook that is right.
        let text = try trace("app:after(function() end)\n\napp:get('/', function() return 5 end)")
        #expect(text.hasPrefix("app.lua:4: the handler of / returned a number"), "\(text)")
    }

    @Test("os.exit is an error, in handlers and while the app loads")
    func exit() throws {
        let fixture = try ScriptFixture()
        #expect(fixture.run("\nlocal x = os.exit(3)") == "app.lua:2: os.exit(3) while the app loads")
        fixture.run("app:get('/', function()\nlocal x = os.exit(3) end)")
        try fixture.finish()
        #expect(
            fixture.run("local x = routes['/'].handler {}").hasPrefix(
                "app.lua:2: os.exit would end the server"))
    }

    @Test func nextIsCalledOnce() throws {
        #expect(
            try trace("app:use(function(req, next)\nnext() next() end) app:get('/', h 'h')")
                == "app.lua:3: next() was called twice")
    }

    @Test func aHandlerWithAResponseMayFillIt() throws {
        let fixture = try ScriptFixture()
        fixture.run(
            """
            app:get("/a", function(req, res) res.status = 201 res.headers.A = "1" res:cookie("c", "d") return "x" end)
            app:get("/b", function(req, res) res.headers.A = "1" return app.text("x", { headers = { A = "2", B = "3" } }) end)
            app:get("/c", function(req, res) res.body = "own" return res end)
            app:get("/d", function(req, res) res.status = 404 return { v = 1 }, "p.html", { status = 410 } end)
            app:get("/e", function(...) return select("#", ...) end)
            """)
        try fixture.finish()
        #expect(
            fixture.run(
                "local a = routes['/a'].handler {} return a.body, a.status, a.headers.A, a.cookies.c.value")
                == "x 201 1 d")
        #expect(
            fixture.run("local a = routes['/b'].handler {} return a.body, a.headers.A, a.headers.B")
                == "x 2 3")
        #expect(fixture.run("return routes['/c'].handler({}).body") == "own")
        #expect(
            fixture.run("local a = routes['/d'].handler {} return a.vars.v, a.template, a.status")
                == "1 p.html 410")
        #expect(fixture.run("return routes['/e'].handler {}") == "1")
    }

    @Test("a string has no type of its own, what the handler set counts")
    func typeOfString() throws {
        let fixture = try ScriptFixture()
        fixture.run("app:get('/', function(req, res) res.content_type = 'text/csv' return 'a,b' end)")
        try fixture.finish()
        #expect(
            fixture.run("local a = routes['/'].handler {} return a.body, a.content_type") == "a,b text/csv")
    }

    @Test("app.escape makes HTML of text")
    func escape() throws {
        let fixture = try ScriptFixture()
        #expect(fixture.run("return app.escape('<a b=\"c\">\\'&')") == "&lt;a b=&#34;c&#34;&gt;&#39;&amp;")
    }

    @Test("a handler without parameters does not take the request, unless something around it does")
    func takesRequest() throws {
        let fixture = try ScriptFixture()
        fixture.run(
            """
            app:get("/none", function() return "x" end)
            app:get("/one", function(req) return "x" end)
            app:get("/any", function(...) return "x" end)
            app:get("/callable", setmetatable({}, { __call = function() return "x" end }))
            app:get("/c", print)
            app:get("/json", { json = true }, function() return {} end)
            app:group("/hooked", function(g)
                g:before(function(req) end)
                g:get("/in", function() return "x" end)
            end)
            """)
        try fixture.finish()
        let expected = [
            ("/none", "false"), ("/one", "true"), ("/any", "true"), ("/callable", "true"), ("/c", "true"),
            ("/json", "true"), ("/hooked/in", "true"),
        ]
        for (path, takes) in expected {
            #expect(fixture.run("return tostring(routes['\(path)'].takes_request)") == takes, "\(path)")
        }
    }

    // MARK: Definition

    @Test func errorHandlersByStatus() throws {
        let fixture = try ScriptFixture()
        fixture.run("app:error(404, print) app:error('*', print)")
        let definition = try fixture.definition()
        #expect(definition.errorHandlers.keys.sorted() == [0, 404])
    }

    @Test func urlsOfNamedRoutes() throws {
        let fixture = try ScriptFixture()
        fixture.run(
            """
            app:get("/users/:id/*rest", print):name "file"
            local r = app.router() r:get("/:n", print):name "mounted" app:mount("/m", r)
            """)
        #expect(
            fixture.run(
                "return app:url_for('file', { id = 7, rest = 'a b/c' }, { q = 'x&y', tag = { 1, 2 } })")
                == "/users/7/a%20b/c?q=x%26y&tag=1&tag=2")
        #expect(fixture.run("return app:url_for('mounted', { n = true })") == "/m/true")
        #expect(fixture.run("\nlocal x = app:url_for('file', { id = 7 })").hasPrefix("app.lua:2: "))
    }
}

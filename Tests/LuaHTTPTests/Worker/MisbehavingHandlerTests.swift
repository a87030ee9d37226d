// SPDX-License-Identifier: MIT

import CLua
import NIOCore
import NIOEmbedded
import Testing

@testable import LuaHTTP

/// A handler that loops or wants all memory is ended alone: 503, a trace in the log, and the VM goes on.
struct MisbehavingHandlerTests {
    private static let app = """
        local app = require "luahttpd"
        app:config { limits = { cpu = "40ms", memory = "4MiB" } }
        local function spin() while true do end end
        app:get("/loop", function() spin() end)
        app:get("/pcall", function() while true do pcall(spin) end end)
        app:get("/coroutine", function() coroutine.wrap(function() spin() end)() end)
        app:get("/sort", function() table.sort({ 2, 1 }, spin) end)
        app:get("/require", function() package.preload.endless = spin require "endless" end)
        app:get("/close", function() local x <close> = setmetatable({}, { __close = spin }) return "x" end)
        app:get("/handler", function() xpcall(error, spin) end)
        app:get("/load", function() return load(function() return " " end) end)
        app:get("/thrown", function() error(setmetatable({}, { __tostring = spin })) end)
        app:get("/callback", function() return { f = spin }, "callback.html" end)
        app:get("/index", function() return { t = setmetatable({}, { __index = spin }) }, "index.html" end)
        app:get("/range", function() return {}, "range.html" end)
        app:get("/macro", function() return {}, "macro.html" end)
        app:get("/hook", function() return "unreachable" end)
        app:before("/hook", spin)
        app:get("/patient", { limits = { cpu = "10s" } }, function()
          local till = os.clock() + 0.3
          while os.clock() < till do end
          return "done"
        end)
        app:get("/rep", function() return ("x"):rep(1e9) end)
        app:get("/table", function() local t = {} while true do t[#t + 1] = #t end end)
        app:get("/roomy", { limits = { memory = "32MiB" } }, function() return tostring(#("x"):rep(8e6)) end)
        app:get("/late", function() return { f = function() return ("x"):rep(1e9) end }, "callback.html" end)
        app:get("/ok", function() return "fine" end)
        local function hog() return ("x"):rep(1e9) end
        app:get("/task", function() app.await(app.async(spin)) end)
        app:get("/hogtask", function() app.await(app.async(hog)) end)
        app:get("/deferred", function() return { f = app.async(spin) }, "deferred.html" end)
        app:get("/caught", function() return tostring(pcall(app.await, app.async(spin))) end)
        app:get("/other", function() pcall(app.await, app.async(spin)) error "another" end)
        """

    private static let templates = [
        "callback.html": "{{ f() }}", "deferred.html": "{{ f }}", "index.html": "{{ t.x }}",
        "range.html":
            "{% for a in range(100000) %}{% for b in range(100000) %}{% for c in range(100000) %}{% endfor %}{% endfor %}{% endfor %}",
        "macro.html":
            "{% macro f(n) %}{% if n > 0 %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
    ]

    private static let errorHandler = """

        app:error(503, function(req, err) if req.query.page then return "sorry" end spin() end)
        """

    private func site(_ more: String = "") throws -> InMemorySite {
        try InMemorySite(Self.app + more, templates: Self.templates)
    }

    @Test(arguments: [
        "loop", "pcall", "coroutine", "sort", "require", "close", "handler", "load", "thrown", "callback",
        "index", "macro",
        "hook", "rep", "table", "late",
    ]) func theRequestGets503AndTheNextOneIsServed(_ path: String) throws {
        let site = try site()
        for _ in 0..<2 {
            let start = lh_thread_time()
            #expect(try site.get("/" + path).hasPrefix("HTTP/1.1 503 "))
            #expect(lh_thread_time() - start < 2_000_000, "microseconds")
            #expect(try InMemorySite.body(of: site.get("/ok")) == "fine")
        }
        #expect(site.log.lines.contains { $0.hasPrefix("error GET /\(path): 503") })
        site.worker.generation.vm.collectGarbage()
        #expect(site.worker.generation.vm.memory.used < 4 << 20)
    }

    @Test(
        arguments: [
            ("task", "ran too long without waiting"), ("hogtask", "not enough memory"),
            ("deferred", "ran too long without waiting"),
        ])
    func aTaskThatIsEndedIsAnsweredLikeItsRequest(_ path: String, _ reason: String) throws {
        let site = try site()
        var answer = try site.get("/" + path)
        site.channel.embeddedEventLoop.run()
        answer += try site.received()
        #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.contains(reason), "\(answer.prefix(300))")
        #expect(try InMemorySite.body(of: site.get("/ok")) == "fine")
    }

    @Test func aTaskThatIsEndedMayBeCaughtWhereItIsAwaited() throws {
        let site = try site()
        var answer = try site.get("/caught")
        site.channel.embeddedEventLoop.run()
        answer += try site.received()
        #expect(InMemorySite.body(of: answer) == "false")
        answer = try site.get("/other")
        site.channel.embeddedEventLoop.run()
        answer += try site.received()
        #expect(answer.hasPrefix("HTTP/1.1 500 "))
    }

    @Test func theTraceNamesTheLoop() throws {
        let site = try site()
        let page = try site.get("/coroutine")
        #expect(page.contains("app.lua:3: ran too long without waiting"))
        #expect(page.contains("in upvalue 'spin'") || page.contains("in local 'spin'"))
        #expect(page.contains("app.lua:6: in "))
    }

    @Test func pagesWithoutEndEnd() throws {
        let site = try site()
        var answer = try site.get("/range")
        for _ in 0..<10_000 where answer.isEmpty {
            site.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
            answer = try site.received()
        }
        #expect(answer.hasPrefix("HTTP/1.1 503 "))
        #expect(try InMemorySite.body(of: site.get("/ok")) == "fine")
    }

    @Test func routesHaveTheirOwnLimits() throws {
        let site = try site()
        #expect(try InMemorySite.body(of: site.get("/patient")) == "done")
        #expect(try InMemorySite.body(of: site.get("/roomy")) == "8000000")
    }

    @Test func errorHandlersHaveABudgetOfTheirOwn() throws {
        let site = try site(Self.errorHandler)
        #expect(try InMemorySite.body(of: site.get("/loop?page=1")) == "sorry")
        #expect(try site.get("/loop?spin=1").hasPrefix("HTTP/1.1 503 "))
        #expect(try InMemorySite.body(of: site.get("/ok")) == "fine")
    }

    @Test func loadingHasADeadline() throws {
        let error = #expect(throws: ScriptError.self) { _ = try InMemorySite("\nwhile true do\nend") }
        #expect(error?.kind == .time)
        #expect(error?.line == 2 || error?.line == 3)
    }

    @Test func hogsInARowLeaveMemoryFlat() throws {
        let site = try site()
        _ = try site.get("/table")
        _ = try site.get("/loop")
        site.worker.generation.vm.collectGarbage()
        let before = site.worker.generation.vm.memory.used
        for _ in 0..<10 {
            _ = try site.get("/table")
            _ = try site.get("/loop")
        }
        site.worker.generation.vm.collectGarbage()
        #expect(site.worker.generation.vm.memory.used < before + 20_000)
    }

    @Test func aStallNamesItsLine() {
        #expect(
            LuaStall(line: "app.lua:7", place: "app.lua:5", milliseconds: 80).text
                == "app.lua:7 held up its worker for 80 ms (route at app.lua:5)")
        #expect(
            LuaStall(place: "app.lua:5", isInC: true, milliseconds: 1000, hasEnded: false, omitted: 2).text
                == "the handler at app.lua:5 holds up its worker, for 1000 ms now, inside a function in C; 2 more since the last line"
        )
        #expect(
            LuaStall(line: "app.lua:7", isInC: true, milliseconds: 60).text
                == "app.lua:7 held up its worker for 60 ms, in a function in C that it called")
    }
}

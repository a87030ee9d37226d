// SPDX-License-Identifier: MIT

import CLua
import Foundation
import NIOCore
import NIOEmbedded
import Testing

@testable import LuaHTTP

/// Memory of Lua runs out at the k-th allocation of a whole request, for each k until it gets through, and stays
/// away until the request is over. It is answered or cut, nothing is held, and the next one is right.
/// With LUAHTTPD_FUZZ_ROUNDS each k meets a VM of its own, which has nothing interned yet and must not leak.
struct RequestAllocationFailureTests {
    private static let app = """
        local app = require "luahttpd"
        app:before(function(req) req.user = { name = "ada", roles = { "admin", "author" } } end)
        app:after("/page", function(req, res) res.headers["X-Roles"] = table.concat(req.user.roles, ",") end)
        app:error(418, function(req, err) return { message = err.message, items = app.array { 1, 2 } }, "error.html" end)
        app:post("/page/:id<int>", function(req)
          local items = {}
          for i = 1, 12 do items[i] = { name = req.form.name .. i, price = i * 1.5 } end
          app.sleep(0.01)
          return { items = items, id = req.params.id, query = req.query, user = req.user,
            total = function(list) local n = 0 for _, each in ipairs(list) do n = n + each.price end return n end }, "page.html"
        end)
        app:post("/json", function(req)
          local list = {}
          for i, each in ipairs(req.json.list) do list[i] = { id = each, text = ("%d of %s"):format(each, req.user.name) } end
          local twice = app.await(app.async(function() app.sleep(0.01) return #list * 2 end))
          return app.json({ list = app.array(list), twice = twice, cookie = req.cookies.theme },
            { status = 201, headers = { ["X-A"] = "b" }, cookies = { id = { value = "7", max_age = 60 } } })
        end)
        app:get("/error", function(req) app.sleep(0.01) app.abort(418, "tea " .. req.path) end)
        app:get("/stream", function()
          return app.stream(function(out)
            for i = 1, 5 do out:write("piece ", i, "\\n") app.sleep(0.01) end
          end)
        end)
        app:post("/upload", function(req)
          local file, count = req.files.f, 0
          for line in file:lines() do count = count + #line end
          return app.text(("%s %s %d %d"):format(req.form.name, file.filename, file.size, count))
        end)
        app:get("/coroutines", function()
          local step = coroutine.wrap(function() for i = 1, 3 do app.sleep(0.01) coroutine.yield("step " .. i) end end)
          local text = { step(), step(), step() }
          local closed = {}
          do local _ <close> = setmetatable({}, { __close = function() closed[1] = "closed" end }) end
          return app.text(table.concat(text, ", ") .. closed[1])
        end)
        """

    private static let templates = [
        "base.html": "<title>{% block title %}{% endblock %}</title>{% block body %}{% endblock %}",
        "page.html": """
        {% extends "base.html" %}{% from "macros.html" import price %}{% block title %}{{ user.name|upper }}{% endblock %}
        {% block body %}{% for item in items %}{% if loop.first %}<ul>{% endif %}{% include "row.html" %}{% endfor %}
        {% set sum = total(items) %}{{ price(sum) }} {{ id }} {{ query.a|default("none") }} {{ user.roles|join("/") }}{% endblock %}
        """,
        "row.html": "<li>{{ item.name }}: {{ item.price|round(1) }}",
        "macros.html": "{% macro price(n) %}<b>{{ \"%.2f\"|format(n) }}</b>{% endmacro %}",
        "error.html": "<p>{{ message }}{% for item in items %} {{ item }}{% endfor %}",
    ]

    private static func post(_ target: String, _ type: String, _ body: String) -> String {
        "POST \(target) HTTP/1.1\r\nHost: a\r\nCookie: theme=dark\r\nContent-Type: \(type)\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    /// Requests, and what their answers begin with and contain.
    private static let requests: [(request: String, status: String, text: String)] = [
        (
            post("/page/7?a=1&b=2", "application/x-www-form-urlencoded", "name=tea+&tags=x&tags=y"), "200",
            "<b>117.00</b> 7 1 admin/author"
        ),
        (
            post("/json", "application/json", "{\"list\":[1,2,3],\"deep\":{\"a\":[null,1.5]}}"), "201",
            "3 of ada"
        ),
        ("GET /error HTTP/1.1\r\nHost: a\r\n\r\n", "418", "<p>tea /error 1 2"),
        ("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n", "200", "piece 5"),
        (
            post(
                "/upload", MultipartText.type,
                MultipartText().field("name", "x").file("f", "a.txt", "one\ntwo").body),
            "200", "x a.txt 7 6"
        ),
        ("GET /coroutines HTTP/1.1\r\nHost: a\r\n\r\n", "200", "step 1, step 2, step 3closed"),
    ]

    private static let isLong = ProcessInfo.processInfo.environment["LUAHTTPD_FUZZ_ROUNDS"] != nil

    private static func site() throws -> InMemorySite {
        try InMemorySite(app, templates: templates, isDevelopment: false)
    }

    @Test(arguments: requests.indices) func aRequestSurvivesFailingAllocations(_ index: Int) throws {
        let (request, status, text) = Self.requests[index]
        var site = try Self.site()
        let expected = try Self.ask(site, request)
        try #require(
            expected.status == status && expected.isWhole && expected.body.contains(text), "\(expected)")
        for _ in 0..<3 { _ = try Self.ask(site, request) }
        site.worker.generation.vm.collectGarbage()
        let used = site.worker.generation.vm.memory.used
        var failures = 0
        for k: Int64 in 1...10_000 {
            if Self.isLong { site = try Self.site() }
            lh_vm_fail_allocation(site.worker.generation.vm.vm, k)
            let answer = try Self.ask(site, request)
            let ranOut = Self.hasRunOut(site)
            lh_vm_fail_allocation(site.worker.generation.vm.vm, 0)
            if answer.status != status || !answer.isWhole { failures += 1 }
            Self.check(answer, expected, "\(index), \(k)")
            let next = try Self.ask(site, request)
            #expect(
                next.status == status && next.isWhole && next.body == expected.body,
                "\(index), after \(k): \(next)")
            #expect(site.worker.generation.vm.liveReferences == site.references, "\(index), \(k)")
            #expect(site.worker.current == nil && site.worker.timers.count == 0, "\(index), \(k)")
            guard ranOut else {
                #expect(failures > 0)
                guard !Self.isLong else { return }
                site.worker.generation.vm.collectGarbage()
                #expect(site.worker.generation.vm.memory.used < used + 100_000, "\(index)")
                return
            }
        }
        Issue.record("\(index) does not come to an end")
    }

    private static func check(_ answer: Answer, _ expected: Answer, _ comment: Comment) {
        guard answer.isWhole else {
            // Cut after its head had gone out, and the connection with it.
            #expect(answer.status == expected.status && answer.isClosed, "\(comment): \(answer)")
            return
        }
        if answer.status == expected.status {
            #expect(answer.body == expected.body, "\(comment)")
        } else {
            #expect(["500", "503"].contains(answer.status), "\(comment): \(answer)")
        }
    }

    /// From the k-th allocation on all fail, this one too.
    private static func hasRunOut(_ site: InMemorySite) -> Bool {
        let vm = site.worker.generation.vm
        defer { vm.main.top = 0 }
        return lh_load(vm.main.state, "return {}", 9, "=probe") == LH_ERROR_MEMORY
    }

    // MARK: Asking

    private struct Answer {
        var status = ""
        var body = ""
        /// All of it has come.
        var isWhole = false
        /// By the server.
        var isClosed = false
    }

    /// One request on a connection of its own. What waits goes on as time passes.
    private static func ask(_ site: InMemorySite, _ request: String) throws -> Answer {
        let (channel, _) = try site.connect()
        var text = ""
        try channel.writeInbound(ByteBuffer(string: request))
        for _ in 0..<50 {
            while let part = try channel.readOutbound(as: IOData.self) {
                if case .byteBuffer(let buffer) = part { text += String(buffer: buffer) }
            }
            if isWhole(text) { break }
            site.channel.embeddedEventLoop.advanceTime(by: .milliseconds(10))
        }
        var answer = Answer(isWhole: isWhole(text))
        answer.status = String(text.dropFirst(9).prefix(3))
        answer.body = InMemorySite.body(of: text)
        do {
            _ = try channel.finish()
        } catch ChannelError.alreadyClosed {
            answer.isClosed = true
        }
        site.channel.embeddedEventLoop.run()
        return answer
    }

    private static func isWhole(_ text: String) -> Bool {
        guard let end = text.range(of: "\r\n\r\n") else { return false }
        if text.contains("Transfer-Encoding: chunked\r\n") { return text.hasSuffix("\r\n0\r\n\r\n") }
        guard let field = text.range(of: "Content-Length: ") else { return false }
        return Int(text[field.upperBound...].prefix { $0.isNumber }) == text[end.upperBound...].utf8.count
    }
}

// SPDX-License-Identifier: MIT

import NIOCore
import NIOEmbedded
import Testing

@testable import LuaHTTP

/// Filters, tests and globals that an app declares, in pages of a worker; and pages that wait.
@Suite struct TemplateAdditionsTests {
    private static let app = """
        local app = require "luahttpd"
        app:filter("money", function(value, sign, options)
          return (sign or "$") .. ("%.2f"):format(value) .. (options and options.suffix or "")
        end)
        app:filter("bold", function(text) return app.safe("<b>" .. text:upper() .. "</b>") end)
        app:filter("slow", function(value) app.sleep(1) return value * 2 end)
        app:filter("upper", function(text) return "my " .. text end)
        app:filter("bad", function() error("no luck") end)
        app:test("cheap", function(value, limit) return value < (limit or 10) end)
        app:test("slowly", function(value) app.sleep(1) return value > 1 end)
        app:globals { site = "Shop", late = function(name) app.sleep(1) return "late " .. name end }
        app:global("link", function(name, params) return "/" .. name .. "/" .. params.id end)
        local function page(path, vars) app:get("/" .. path, function(req)
          local all = { req = req }
          for name, value in pairs(vars or {}) do all[name] = value end
          return all, path .. ".html"
        end) end
        page("filters"); page("tests"); page("globals"); page("own", { site = "Own" }); page("wait"); page("map")
        page("aside"); page("request"); page("failing"); page("broken"); page("fails")
        """

    private static let templates = [
        "filters.html":
            "{{ 3|money }} {{ 3|money('€', suffix=' net') }} {{ 'x'|bold }} {{ 'x'|upper }} {{ [1, 2]|map('money')|join(' ') }}",
        "tests.html":
            "{{ 5 is cheap }} {{ 5 is cheap(3) }} {{ 5 is not cheap }} {{ [5, 20]|select('cheap')|join }} {{ [{'p': {'q': 5}}, {'p': {'q': 20}}]|rejectattr('p.q', 'cheap')|length }}",
        "globals.html": "{{ site }} {{ link('users', id=7) }}", "own.html": "{{ site }}",
        "wait.html": "<head>{{ late('x') }}<tail>",
        "map.html": "a{{ [1, 2, 3]|map('slow')|select('slowly')|join(',') }}b",
        "aside.html": "before {% set x %}{{ late('y') }}{% endset %}[{{ x }}]",
        "request.html":
            "{{ req.path }} {{ req.query.a }} {{ req.headers.host }}{% for name, value in req.headers %} {{ name }}={{ value }}{% endfor %} {{ 'host' in req.headers }}",
        "failing.html": "x\n{{ 1|bad }}", "broken.html": "start {{ late('z') }}{{ 1|bad }}",
        "fails.html": "{{ [1]|map('bad')|join }}",
    ]

    private func site() throws -> InMemorySite { try InMemorySite(Self.app, templates: Self.templates) }

    @Test(arguments: [
        ("/filters", "$3.00 €3.00 net <b>X</b> my x $1.00 $2.00"), ("/tests", "true false false 5 1"),
        ("/globals", "Shop /users/7"), ("/own", "Own"),
        ("/request?a=1", "/request 1 t.example host=t.example true"),
    ])
    func `pages use what the app declared`(_ path: String, _ expected: String) throws {
        let answer = try site().get(path)
        #expect(InMemorySite.body(of: answer) == expected)
        #expect(answer.contains("Content-Length: "))
    }

    @Test(arguments: [
        ("/wait", "<head>", "late x<tail>"), ("/aside", "before ", "[late y]"), ("/map", "a", "4,6b"),
    ])
    func `what comes before a wait reaches the client first`(
        _ path: String, _ before: String, _ after: String
    )
        throws
    {
        let site = try site()
        let first = try site.get(path)
        #expect(first.contains("Transfer-Encoding: chunked") && first.contains(before))
        #expect(!first.contains(after))
        var rest = ""
        for _ in 0..<6 {
            site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
            rest += try site.received()
        }
        #expect(rest.contains(after) && rest.hasSuffix("0\r\n\r\n"))
        #expect(try InMemorySite.body(of: site.get("/globals")) == "Shop /users/7")
    }

    @Test func `a filter that fails names the line of the template and of the script`() throws {
        for path in ["/failing", "/fails"] {
            let answer = try site().get(path)
            #expect(answer.hasPrefix("HTTP/1.1 500"))
            #expect(answer.contains("app.lua:8: no luck"), "\(answer)")
            #expect(answer.contains(path == "/failing" ? "failing.html:2:6" : "fails.html:1:"), "\(answer)")
        }
    }

    @Test func `an error after the head has gone out cuts the page`() throws {
        let site = try site()
        #expect(try site.get("/broken").contains("start "))
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(try !site.received().contains("0\r\n\r\n"))
        #expect(!site.channel.isActive)
        #expect(site.log.lines.contains { $0.contains("no luck") && $0.contains("broken.html:1:") })
    }

    @Test func `a client that goes while a page waits ends it`() throws {
        let site = try site()
        _ = try site.get("/wait")
        try site.channel.close().wait()
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(5))
        #expect(site.worker.current == nil)
    }

    @Test(arguments: [
        ("app:filter('a b', print)", "'a b' cannot be the name of a filter: letters, digits and '_'"),
        ("app:filter(1, print)", "the name of a filter must be a string, not a number"),
        ("app:filter('x')", "filter must be a function, not nothing"),
        ("app:test('x', 5)", "test must be a function, not a number"),
        ("app:filter('x', print) app:filter('x', print)", "the filter 'x' is already defined at "),
        ("app:global('x', nil)", "app:global expects a name and a value"),
        ("app:globals(5)", "app:globals expects a table such as { site = \"Shop\" }, not a number"),
        ("app.filter('x', print)", "call it with a colon: app:filter(…)"),
    ])
    func `mistakes in declarations are errors of the script`(_ source: String, _ message: String) throws {
        let error = #expect(throws: ScriptError.self) {
            try InMemorySite("local app = require 'luahttpd' " + source)
        }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
        #expect(error?.line == 1)
    }

    @Test func `names that nobody declared are errors before anything is served`() {
        let error = #expect(throws: LoadError.self) {
            try InMemorySite(
                Self.app, templates: ["a.html": "{{ 1|monye }}", "b.html": "{% if 1 is cheep %}{% endif %}"])
        }
        #expect(error?.description.contains("unknown filter 'monye' (did you mean 'money'?)") == true)
        #expect(error?.description.contains("unknown test 'cheep' (did you mean 'cheap'?)") == true)
    }
}

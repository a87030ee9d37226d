// SPDX-License-Identifier: MIT

import Foundation
import Testing

/// `luahttpd render`: a page from a template and data, without an app.
@Suite("the render command")
struct RenderCommandTests {
    private static let files = [
        "templates/page.html":
            "{% extends 'base.html' %}{% block b %}<p>{{ name }} {{ n + 1 }}{% endblock %}",
        "templates/base.html": "[{% block b %}{% endblock %}]",
        "templates/bad.html": "a\n{{ name.first.last }}\n",
        "templates/long.html": "{% for i in range(30000) %}{{ i }} {% endfor %}",
        "templates/space.html": "{% if true %}\n  {% set x = 1 %}\n{{ x }}\n{% endif %}",
        "templates/money.html": "{{ 3|money }} {{ app }} {{ missing }}",
        "other/page.html": "other {{ name }}", "vars.json": #"{"name": "<Ada>", "n": 41}"#,
        "vars.lua": """
        local app = require "luahttpd"
        app:filter("money", function(v) return v .. " €" end)
        print "loaded"
        return { app = require("lib").name }
        """,
        "lib.lua": "return { name = 'from lib' }", "list.json": "5", "broken.json": "{\"a\": }",
    ]

    private func run(_ arguments: String...) throws -> (code: Int32, output: String, errors: String) {
        var result: (Int32, String, String) = (-1, "", "")
        try AppDirectory.with(Self.files) { directory in
            let command = try Command(["render"] + arguments, directory: directory.url)
            result = (try command.exitCode(), command.output, command.errors)
        }
        return result
    }

    @Test("a page is printed with data from JSON")
    func json() throws {
        let page = try run("page.html", "--data", "vars.json")
        #expect(page.code == 0 && page.output == "[<p>&lt;Ada&gt; 42]" && page.errors.isEmpty)
        #expect(try run("page.html#b", "--data", "vars.json").output == "<p>&lt;Ada&gt; 42")
        #expect(try run("page.html", "--data", "vars.json", "--no-autoescape").output == "[<p><Ada> 42]")
        #expect(
            try run("page.html", "--data", "vars.json", "--templates", "other").output == "other &lt;Ada&gt;")
    }

    @Test("a script gives data and filters; what it prints is no part of the page")
    func script() throws {
        let page = try run("money.html", "--data", "vars.lua")
        #expect(page.code == 0 && page.output == "3 € from lib ")
        #expect(page.errors.contains("vars.lua:3: loaded"))
    }

    @Test("a long page comes whole, and whitespace rules are settings")
    func output() throws {
        let long = try run("long.html").output
        #expect(long.hasPrefix("0 1 2 ") && long.hasSuffix("29998 29999 "))
        #expect(try run("space.html").output == "\n  \n1\n")
        #expect(try run("space.html", "--trim-blocks", "--lstrip-blocks").output == "1\n")
    }

    @Test("undefined variables are what --undefined says")
    func undefined() throws {
        #expect(try run("bad.html").errors.contains("undefined value: 'name' is undefined (in bad.html:2:4)"))
        #expect(try run("bad.html", "--undefined", "chainable").output == "a\n")
        #expect(try run("page.html", "--undefined", "strict").code == 1)
        #expect(try run("page.html", "--undefined", "loose").code == 64)
    }

    @Test(
        "what is wrong is said on standard error",
        arguments: [
            (["nope.html"], "there is no template 'nope.html' in templates"),
            (["pag.html"], "(did you mean 'page.html'?)"),
            (["page.html", "--data", "none.json"], "cannot read none.json"),
            (["page.html", "--data", "broken.json"], "broken.json is not JSON"),
            (["page.html", "--data", "list.json"], "the data must be a table of variables, not number"),
            (["page.html", "--templates", "nowhere"], "the directory 'nowhere' cannot be read"),
            (["money.html"], "unknown filter 'money'"),
        ])
    func mistakes(arguments: [String], message: String) throws {
        try AppDirectory.with(Self.files) { directory in
            let command = try Command(["render"] + arguments, directory: directory.url)
            try #expect(command.exitCode() == 1)
            #expect(command.output.isEmpty)
            #expect(command.errors.contains(message), "\(command.errors)")
        }
    }
}

// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

/// Functions of Swift with typed arguments, as far as they do not wait.
struct ScriptFunctionsTests {
    private func run(_ source: String, _ define: (inout ScriptFunctions) throws -> Void) throws -> String {
        var functions = ScriptFunctions()
        try define(&functions)
        return try ScriptFixture(functions: functions).run("local f = require 'f'; " + source)
    }

    @Test func argumentsAndResultsHaveTypes() throws {
        let result = try run(
            """
            local list = f.list { 1, 2, 3 }
            local map = f.map { a = 1 }
            return f.text 'ä', f.bytes '\\xFF\\0', f.number(2), f.flag(true), f.maybe(), f.maybe 'x', #list, list[3],
              map.a, f.nothing(), f.any({ 1, { x = 2 } })[2].x, f.whole(3.0), f.none()
            """
        ) { f in
            try f.define("f.text") { (text: String) in text + "!" }
            try f.define("f.bytes") { (bytes: [UInt8]) in bytes.count }
            try f.define("f.number") { (number: Double) in number / 4 }
            try f.define("f.flag") { (flag: Bool) in !flag }
            try f.define("f.maybe") { (text: String?) in text.map { $0 + $0 } }
            try f.define("f.list") { (list: [Int]) in list.map { $0 * 2 } }
            try f.define("f.map") { (map: [String: Int]) in map.mapValues { $0 + 1 } }
            try f.define("f.nothing") { () -> Void in }
            try f.define("f.any") { (value: LuaValue) in value }
            try f.define("f.whole") { (number: Int) in number }
            try f.define("f.none") { () -> String? in nil }
        }
        #expect(result == "ä! 2 0.5 false nil xx 3 6 2 nil 2 3 nil")
    }

    @Test(arguments: [
        ("f.text(5)", "bad argument #1 to 'f.text' (a string expected, got a number)"),
        ("f.text()", "bad argument #1 to 'f.text' (a string expected, got nil)"),
        ("f.text '\\xFF'", "bad argument #1 to 'f.text' (a string in UTF-8 expected, got a string)"),
        ("f.text(print)", "bad argument #1 to 'f.text' (a function cannot be copied: only plain data can)"),
        ("f.two(1, 1.5)", "bad argument #2 to 'f.two' (an integer expected, got a number)"),
        ("f.two(1, 2^70)", "bad argument #2 to 'f.two' (an integer expected, got a number)"),
        ("f.two({}, 1)", "bad argument #1 to 'f.two' (an integer expected, got a table)"),
        ("f.list { 1, 'x' }", "bad argument #1 to 'f.list' (an integer expected, got a string)"),
        ("f.list { x = 1 }", "bad argument #1 to 'f.list' (a list expected, got a table)"),
        ("f.bad()", "f.bad: it broke"),
    ])
    func whatDoesNotFit_IsRaisedAtTheCall(_ call: String, _ message: String) throws {
        struct Broken: Error, CustomStringConvertible { let description = "it broke" }
        let result = try run(call) { f in
            try f.define("f.text") { (text: String) in text }
            try f.define("f.two") { (a: Int, b: Int) in a &+ b }
            try f.define("f.list") { (list: [Int]) in list.count }
            try f.define("f.bad") { () throws -> Int in throw Broken() }
        }
        #expect(result == "app.lua:1: " + message)
    }

    @Test func aFailureIsNilAndAMessage() throws {
        let result = try run("return f.find 'x'") { f in
            try f.define("f.find") { (name: String) throws -> Int in throw ScriptFailure("no \(name)") }
        }
        #expect(result == "nil no x")
    }

    @Test(arguments: ["lookup", "", ".", "a.", ".b", "a b.c", "1.b", "luahttpd.x", "string.reverse", "a.b-c"])
    func aNameWithoutAModule_IsRefused(_ name: String) {
        var functions = ScriptFunctions()
        #expect(throws: ScriptFunctions.NameError.self) { try functions.define(name) { () -> Int in 1 } }
    }

    @Test func aNameIsTakenOnce() throws {
        var functions = ScriptFunctions()
        try functions.define("a.b.c") { () -> Int in 1 }
        #expect(throws: ScriptFunctions.NameError.self) { try functions.define("a.b.c") { () -> Int in 2 } }
    }
}

// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

/// Values as an error page shows them.
@Suite struct ValuePreviewTests {
    /// The value of a Lua expression, as it is shown under `name`.
    private func preview(_ expression: String, named name: String = "x") throws -> String {
        let vm = try LuaVM(memoryLimit: 64 << 20)
        defer { vm.close() }
        let stack = vm.main
        let source = Array("return \(expression)".utf8)
        let loaded = source.withUnsafeBytes { vm.load($0, name: "@app.lua", on: stack) }
        #expect(loaded == .ok)
        #expect(stack.call(arguments: 0, results: 1) == .ok)
        let top = stack.top
        defer { #expect(stack.top == top) }
        return ValuePreview.text(of: -1, named: name, on: stack)
    }

    @Test(arguments: [
        ("nil", "nil"), ("true", "true"), ("1", "1"), ("-0.5", "-0.5"), ("1/0", "inf"), ("-1/0", "-inf"),
        ("math.mininteger", "-9223372036854775808"), ("'tea'", "\"tea\""),
        ("'a\\n\\t\"\\\\'", #""a\n\t\"\\""#),
        ("'\\0\\27[2J'", #""\0\27[2J""#), ("print", "function"), ("coroutine.create(print)", "coroutine"),
        ("{}", "{}"), ("{ 1, 'b', {} }", "{ 1, \"b\", {} }"), ("{ b = 1, a = 2 }", "{ a = 2, b = 1 }"),
        (
            "{ 1, x = 2, [true] = 3, [1.5] = 4, ['a b'] = 5 }",
            "{ 1, [\"a b\"] = 5, [1.5] = 4, [true] = 3, x = 2 }"
        ),
        ("{ { { { 1 } } } }", "{ { { { … } } } }"),
        ("setmetatable({ 1 }, { __name = 'point', __tostring = error, __index = error })", "point { 1 }"),
        (
            "{ password = 'a', token = { 1 }, api_key = 5, session = nil, secret = false }",
            "{ api_key = •••••, password = •••••, secret = false, token = ••••• }"
        ),
        ("(function() local t = {} t.t = t return t end)()", "{ t = { t = { t = { … } } } }"),
    ])
    func aValueAsItWouldBeWritten(expression: String, expected: String) throws {
        #expect(try preview(expression) == expected)
    }

    @Test func aValueUnderASecretNameIsHidden() throws {
        #expect(try preview("'hunter2'", named: "password") == SecretName.mask)
        #expect(try preview("{ 'hunter2' }", named: "passwords") == SecretName.mask)
        #expect(try preview("nil", named: "token") == "nil")
    }

    @Test func whatIsLongIsCut() throws {
        #expect(try preview("('x'):rep(1000)").hasSuffix("x…\" (1000 bytes)"))
        #expect(try preview("('x'):rep(1000)").utf8.count < 200)
        let list = try preview("(function() local t = {} for i = 1, 1000 do t[i] = i end return t end)()")
        #expect(list == "{ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, … 990 more }")
        let wide =
            "(function(d) local function f(d) local t = {} if d > 0 then for i = 1, 50 do t[i] = f(d - 1)"
            + " t['k' .. i] = f(d - 1) end end return t end return f(d) end)(2)"
        #expect(try preview(wide).utf8.count < 4000)
    }

    @Test func bytesThatAreNoTextAreShownAsSuch() throws {
        #expect(try preview("'\\xff\\xfe'") == "\"\u{FFFD}\u{FFFD}\"")
    }

    @Test func localVariablesOfTheCallsThatFailed() throws {
        let vm = try LuaVM(memoryLimit: 64 << 20)
        let coroutine = vm.takeCoroutine()
        defer { vm.discard(coroutine) }
        let source = """
            local function inner(a, b)
              local a = a + 1
              for i = 1, 2 do local password = "x" error("no") end
            end
            local rows = { 1 }
            inner(1, "two")
            """
        let stack = coroutine.stack
        _ = Array(source.utf8).withUnsafeBytes { vm.load($0, name: "@app.lua", on: stack) }
        let outcome = coroutine.resume()
        let error = ScriptError(takingFrom: stack, status: outcome.status, withVariables: true)
        #expect(
            error.frames[0].variables == [
                .init(name: "b", value: "\"two\""), .init(name: "a", value: "2"),
                .init(name: "i", value: "1"),
                .init(name: "password", value: SecretName.mask),
            ])
        #expect(
            error.frames[1].variables == [
                .init(name: "inner", value: "function"), .init(name: "rows", value: "{ 1 }"),
            ])
    }

    @Test func aStackThatIsFullIsRead() throws {
        let vm = try LuaVM(memoryLimit: 256 << 20)
        let coroutine = vm.takeCoroutine()
        defer { vm.discard(coroutine) }
        let source = "local function f(n) local t = { n } return f(n + 1) + 1 end f(1)"
        let stack = coroutine.stack
        _ = Array(source.utf8).withUnsafeBytes { vm.load($0, name: "@app.lua", on: stack) }
        let outcome = coroutine.resume()
        let error = ScriptError(takingFrom: stack, status: outcome.status, withVariables: true)
        #expect(error.message.contains("stack overflow"))
        #expect(error.frames.reduce(error.frames.count) { $0 + $1.omitted } > 10_000)
        #expect(error.frames[0].variables.map(\.name) == ["n", "t"])
    }
}

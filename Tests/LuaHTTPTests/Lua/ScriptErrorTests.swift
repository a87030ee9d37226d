// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

/// What an author learns of an error.
struct ScriptErrorTests {
    private func failure(_ source: String, memoryLimit: Int = 512 << 20) throws -> ScriptError {
        let vm = try LuaVM(memoryLimit: memoryLimit)
        let coroutine = vm.takeCoroutine()
        defer { vm.discard(coroutine) }
        let stack = coroutine.stack
        let status = Array(source.utf8).withUnsafeBytes { vm.load($0, name: "@app.lua", on: stack) }
        guard status == .ok else { return ScriptError(takingFrom: stack, status: status) }
        let outcome = coroutine.resume()
        #expect(outcome.status != .ok)
        return ScriptError(takingFrom: stack, status: outcome.status)
    }

    @Test func messageAndPlaceAreApart() throws {
        let error = try failure("\nerror('no: way')")
        #expect(error.kind == .runtime)
        #expect(error.message == "no: way")
        #expect(error.file == "app.lua")
        #expect(error.line == 2)
        #expect(error.description == "app.lua:2: no: way")
    }

    @Test func syntaxErrors() throws {
        let error = try failure("local x =\n\n= 5")
        #expect(error.kind == .syntax)
        #expect(error.line == 3)
        #expect(error.message == "unexpected symbol near '='")
        #expect(try failure("\u{1B}Lua").message.contains("attempt to load a binary chunk"))
    }

    @Test func framesFromTheInsideOut() throws {
        let error = try failure(
            """
            local function inner() local x = nil + 1 end
            function outer() inner() return 1 end
            pcall(pcall)
            local t = { method = function() outer() return 1 end }
            t.method()
            """)
        #expect(
            error.frames == [
                .init(file: "app.lua", line: 1, function: "upvalue 'inner'"),
                .init(file: "app.lua", line: 2, function: "function 'outer'"),
                .init(file: "app.lua", line: 4, function: "field 'method'"),
                .init(file: "app.lua", line: 5, function: "main chunk"),
            ] || error.frames.map(\.line) == [1, 2, 4, 5])
    }

    @Test func anErrorValueNeedNotBeAString() throws {
        #expect(
            try failure("error()").message == "error object is nil (error() was called without a message)")
        #expect(try failure("error(42)").message == "42")
        #expect(
            try failure("error(setmetatable({}, { __tostring = function() return 'nice' end }))").message
                == "nice")
        #expect(
            try failure("error(setmetatable({}, { __tostring = error }))").message
                == "error object whose __tostring failed")
        #expect(
            try failure("error(setmetatable({}, { __tostring = function() return {} end }))").message
                == "error object whose __tostring failed")
        #expect(try failure("error({})").message == "error object is a table value")
        #expect(try failure("error { code = 7, message = 'told' }").message == "told")
        #expect(
            try failure("error { code = 7, password = 'x' }").message
                == "error object is a table value: { code = 7, password = \(SecretName.mask) }")
        #expect(try failure("error { ('x'):rep(100), ('y'):rep(100), ('z'):rep(100) }").message.count < 240)
        // No place in the value: that of the function that raised it.
        #expect(try failure("\nerror({})").line == 2)
    }

    @Test func runningOutOfMemory() throws {
        let error = try failure(
            "local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end", memoryLimit: 4 << 20)
        #expect(error.kind == .memory)
        #expect(error.message.hasPrefix("not enough memory"))
        #expect(error.line == 1)
    }

    @Test func callsOfARecursionAreFolded() throws {
        let error = try failure(
            """
            local g
            local function f(n)
              return 1 + g(n)
            end
            function g(n)
              if n == 0 then error("end") end
              return 1 + f(n - 1)
            end
            f(400)
            """)
        #expect(error.description == "app.lua:6: end")
        #expect(error.frames.map(\.line).suffix(2) == [3, 9])
        #expect(error.frames.count < 20)
        #expect(error.frames.reduce(error.frames.count) { $0 + $1.omitted } == 803)
        // Few calls are all listed.
        let few = try failure(
            "local function f(n) if n == 0 then error('end') end return 1 + f(n - 1) end\nf(7)")
        #expect(few.frames.count == 9)
        #expect(few.frames.allSatisfy { $0.omitted == 0 })
    }

    @Test func deepRecursion() throws {
        let error = try failure("local function f() return 1 + f() end\nf()")
        #expect(error.message.hasPrefix("stack overflow"))
        #expect(error.frames.last?.function == "main chunk")
        #expect(error.frames.count < 20)
        #expect(error.frames.reduce(0) { $0 + $1.omitted } > 10_000)
        // With less memory it is no other mistake.
        let small = try failure("local function f() return 1 + f() end\nf()", memoryLimit: 8 << 20)
        #expect(small.kind == .runtime)
        #expect(small.description == "app.lua:1: stack overflow (endless recursion?)")
        #expect(small.frames.last?.line == 2)
        // A hundred thousand frames that are no files: what is none of them is found quickly.
        let loaded = try failure("load('local function f() return 1 + f() end f()', '=x')()")
        #expect(loaded.message.hasPrefix("stack overflow"))
        #expect(loaded.frames.map(\.function) == ["main chunk"])
    }
}

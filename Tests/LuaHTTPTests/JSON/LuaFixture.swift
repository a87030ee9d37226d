// SPDX-License-Identifier: MIT

@testable import LuaHTTP

/// A VM and what tests of JSON do with it: values from Lua expressions, texts to values and back.
final class LuaFixture {
    let vm: LuaVM
    var stack: LuaStack { vm.main }

    init(memoryLimit: Int = 256 << 20) throws {
        vm = try LuaVM(memoryLimit: memoryLimit)
    }

    /// Pushes the value of a Lua expression, which may use `array{}`, `object{}`, `marked(kind, {})` and `null`.
    func push(_ expression: String) {
        let source = """
            local arrays, objects, safes, responses, requests, tasks, null = ...
            local array = function(t) return setmetatable(t, arrays) end
            local object = function(t) return setmetatable(t, objects) end
            local safe = function(s) return setmetatable({ html = s }, safes) end
            return \(expression)
            """
        let status = Array(source.utf8).withUnsafeBytes { vm.load($0, name: "=test", on: stack) }
        precondition(status == .ok, stack.string(at: -1) ?? "")
        for kind in [LuaKind.array, .object, .safe, .response, .request, .task] {
            stack.pushMetatable(of: kind)
        }
        stack.pushNull()
        precondition(stack.call(arguments: 7, results: 1) == .ok, stack.string(at: -1) ?? "")
    }

    /// Pushes the value of a JSON text.
    func read(_ bytes: [UInt8], limited: Bool = false) throws(JSONError) {
        var failure: JSONError?
        let top = stack.top
        bytes.withUnsafeBytes { raw in
            do throws(JSONError) {
                try JSONReader.push(raw, on: stack, limitedBy: limited ? vm : nil)
            } catch {
                failure = error
            }
        }
        precondition(stack.top == top + (failure == nil ? 1 : 0), "the stack is out of balance")
        if let failure { throw failure }
    }

    /// Writes the value on top and pops it.
    func write(_ options: JSONWriter.Options = JSONWriter.Options()) throws(JSONError) -> String {
        var output = ByteStorage(capacity: 16)
        let top = stack.top
        var failure: JSONError?
        do throws(JSONError) {
            try JSONWriter.write(-1, of: stack, options: options, to: &output)
        } catch {
            failure = error
        }
        precondition(stack.top == top, "the stack is out of balance")
        stack.pop()
        if let failure { throw failure }
        return String(decoding: output.bytes, as: UTF8.self)
    }

    func written(_ expression: String, _ options: JSONWriter.Options = JSONWriter.Options()) throws -> String
    {
        push(expression)
        return try write(options)
    }

    /// A text, read and written again.
    func roundTrip(_ text: String) throws -> String {
        try read(Array(text.utf8))
        return try write()
    }
}

// SPDX-License-Identifier: MIT

@testable import LuaHTTP

/// JSON between Lua values and bytes.
struct JSONFigures {
    private static let small = "{message = 'Hello, World!', id = 42, tags = {'a', 'b'}, ok = true}"
    private static let large = """
        (function() local t = {} for i = 1, 1000 do \
        t[i] = {id = i, name = 'name ' .. i, price = i / 4, tags = {'new', 'sale'}} end return t end)()
        """

    func print() throws {
        for (name, expression, turns) in [("a small object", Self.small, 20_000), ("1,000 objects", Self.large, 20)] {
            let vm = try LuaVM(memoryLimit: 256 << 20)
            let stack = vm.main
            let source = Array("return \(expression)".utf8)
            guard source.withUnsafeBytes({ vm.load($0, name: "=data", on: stack) }) == .ok,
                stack.call(arguments: 0, results: 1) == .ok
            else { throw ScriptError(message: "the data does not load") }
            var output = ByteStorage(capacity: 1 << 10)
            var workspace = JSONWriter.Workspace()
            try report("writing \(name) as JSON", unit: 1e3, "us", rounds: 40, turns: turns) {
                output.count = 0
                try JSONWriter.write(-1, of: stack, to: &output, in: &workspace)
                return output.count
            }
            let text = Array(output.bytes)
            try report("reading \(name) (\(text.count) bytes)", unit: 1e3, "us", rounds: 40, turns: turns) {
                var failure: JSONError?
                text.withUnsafeBytes { bytes in
                    do throws(JSONError) { try JSONReader.push(bytes, on: stack) } catch { failure = error }
                }
                if let failure { throw failure }
                stack.pop()
                return text.count
            }
        }
    }
}

// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

/// Plain values copied out of a VM and into another.
struct LuaValueTests {
    private func copied(_ expression: String, limit: Int = 1 << 20) throws(LuaValueError) -> LuaValue {
        guard let lua = try? LuaFixture() else { return .nil }
        lua.push(expression)
        defer { lua.stack.pop() }
        return try LuaValue(copying: -1, of: lua.stack, limit: limit)
    }

    private func reason(_ expression: String, limit: Int = 1 << 20) -> String? {
        do throws(LuaValueError) {
            _ = try copied(expression, limit: limit)
            return nil
        } catch {
            return error.description
        }
    }

    @Test(
        arguments: [
            ("nil", LuaValue.nil), ("null", .null), ("true", true), ("false", false),
            ("42", 42), ("math.mininteger", .integer(.min)), ("4.5", 4.5), ("1.0", .number(1)),
            ("'a\\0\\xFF'", .string([0x61, 0, 0xFF])), ("''", ""),
            ("{}", [:]), ("array {}", []), ("{ 1, 'b', { true } }", [1, "b", [true]]),
            ("{ x = 1, y = { 2 } }", ["x": 1, "y": [2]]),
            ("{ 'a', x = 1 }", .map([.integer(1): "a", "x": 1])),
            ("{ [2] = 'b' }", .map([.integer(2): "b"])),
            ("{ [0] = 'z', 'a' }", .map([.integer(0): "z", .integer(1): "a"])),
            ("{ [1.5] = 1, [true] = 2 }", .map([.number(1.5): 1, .boolean(true): 2])),
            ("object { 5 }", [5]),
        ] as [(String, LuaValue)])
    func aPlainValue_IsCopied(_ expression: String, _ value: LuaValue) throws {
        #expect(try copied(expression) == value)
    }

    @Test func aListThatLuaKeepsOutOfOrder_IsAList() throws {
        let shuffled = "(function() local t = {} for i = 9, 1, -1 do t[i] = i end return t end)()"
        #expect(try copied(shuffled) == .list((1...9).map { .integer($0) }))
        let holes = "(function() local t = {} for i = 9, 1, -1 do t[i] = i end t[4] = nil return t end)()"
        guard case .map(let fields) = try copied(holes) else {
            Issue.record("a list with a hole is no list")
            return
        }
        #expect(fields.count == 8)
    }

    @Test(arguments: [
        ("print", "a function cannot be copied: only plain data can"),
        (
            "{ user = { callback = print } }",
            "a function cannot be copied: only plain data can (at .user.callback)"
        ),
        ("{ 1, { io.stdout } }", "a userdata cannot be copied: only plain data can (at [2][1])"),
        ("coroutine.create(print)", "a coroutine cannot be copied: only plain data can"),
        ("setmetatable({}, {})", "a table with a metatable cannot be copied: only plain data can"),
        ("(function() local t = { a = {} } t.a.b = t return t end)()", "the table contains itself (at .a.b)"),
        ("{ [print] = 1 }", "a function cannot be copied: only plain data can"),
    ])
    func whatIsNotPlain_IsNamedWithItsPlace(_ expression: String, _ message: String) {
        #expect(reason(expression) == message)
    }

    @Test func nesting_IsBounded() throws {
        func nested(_ depth: Int) -> String {
            "(function() local t = {} for _ = 2, \(depth) do t = { t } end return t end)()"
        }
        #expect(reason(nested(100)) == nil)
        #expect(reason(nested(101))?.hasPrefix("tables are nested more than 100 deep") == true)
        #expect(reason(nested(100_000))?.hasPrefix("tables are nested more than 100 deep") == true)
    }

    /// 2^90 copies of the innermost table.
    @Test func aTableThatSharesItsParts_EndsAtTheLimit() {
        let bomb = "(function() local t = {} for _ = 1, 90 do t = { t, t } end return t end)()"
        #expect(reason(bomb)?.hasPrefix("the value is too large") == true)
        #expect(reason("('x'):rep(100)", limit: 100)?.hasPrefix("the value is too large") == true)
    }

    @Test func aValue_ComesBackTheSame() throws {
        let source = try LuaFixture()
        let target = try LuaFixture()
        for expression in [
            "nil", "{ 1, 2, { x = 'y', z = { null, false } } }", "array {}", "{}", "{ [3] = 1.5, a = 2^53 }",
        ] {
            source.push(expression)
            let value = try LuaValue(copying: -1, of: source.stack)
            try target.stack.push(value, limitedBy: target.vm)
            #expect(try LuaValue(copying: -1, of: target.stack) == value)
            source.stack.pop()
            target.stack.pop()
        }
        #expect(source.stack.top == 0)
        #expect(target.stack.top == 0)
    }

    @Test func anEmptyList_StaysOneInJSON() throws {
        let lua = try LuaFixture()
        try lua.stack.push(["rows": []], limitedBy: lua.vm)
        #expect(try lua.write() == #"{"rows":[]}"#)
    }

    @Test func memoryOfTheVM_BoundsWhatIsPushed() throws {
        let lua = try LuaFixture(memoryLimit: 4 << 20)
        let row = LuaValue.map(["name": .string([UInt8](repeating: 0x78, count: 1000))])
        let rows = LuaValue.list((0..<20_000).map { number in ["row": row, "number": .integer(number)] })
        let top = lua.stack.top
        #expect(throws: LuaValueError.self) { try lua.stack.push(rows, limitedBy: lua.vm) }
        #expect(lua.stack.top == top)
    }

    @Test func aValueThatSwiftNestsWithoutEnd_IsRefused() throws {
        let lua = try LuaFixture()
        var value = LuaValue.list([])
        for _ in 0..<200 { value = .list([value]) }
        #expect(throws: LuaValueError.self) { try lua.stack.push(value, limitedBy: lua.vm) }
        #expect(lua.stack.top == 0)
    }

    @Test func partsOfAValue_AreReadByNameAndNumber() {
        let value: LuaValue = ["user": ["name": "Ada", "tags": ["a", "b"]]]
        #expect(value["user"]["name"].text == "Ada")
        #expect(value["user"]["tags"][1] == "b")
        #expect(value["user"]["tags"][2] == .nil)
        #expect(value["nobody"]["name"] == .nil)
        #expect(LuaValue.string([0xFF]).text == nil)
    }
}

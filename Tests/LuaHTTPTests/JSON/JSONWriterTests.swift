// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct JSONWriterTests {
    @Test(arguments: [
        ("nil", "null"), ("null", "null"), ("true", "true"), ("false", "false"), ("0", "0"), ("-7", "-7"),
        ("math.maxinteger", "9223372036854775807"), ("math.mininteger", "-9223372036854775808"),
        ("(1 << 53) | 1", "9007199254740993"),
        ("1.0", "1.0"), ("0.1", "0.1"), ("-0.0", "-0.0"), ("1e15", "1000000000000000.0"), ("1e300", "1e+300"),
        ("5e-324", "5e-324"), ("10 / 2", "5.0"),
        ("''", "\"\""), ("'a\"b\\\\c/d'", "\"a\\\"b\\\\c/d\""),
        ("'\\0\\1\\b\\f\\n\\r\\t\\27\\127'", "\"\\u0000\\u0001\\b\\f\\n\\r\\t\\u001B\u{7f}\""),
        ("'é€😀<&>'", "\"é€😀<&>\""),
        ("{}", "{}"), ("array {}", "[]"), ("object {}", "{}"), ("{{}}", "[{}]"), ("{array {}}", "[[]]"),
        ("{1, 2, 3}", "[1,2,3]"), ("array {1}", "[1]"), ("{null, 1}", "[null,1]"),
        ("{'a', {b = 1}}", "[\"a\",{\"b\":1}]"),
        ("{b = 1, a = 2, ab = 3, [''] = 4}", "{\"\":4,\"a\":2,\"ab\":3,\"b\":1}"),
        (
            "{abcdefgh1 = 1, abcdefgh = 2, abcdefgh0 = 3, abcdefg = 4}",
            "{\"abcdefg\":4,\"abcdefgh\":2,\"abcdefgh0\":3,\"abcdefgh1\":1}"
        ),
        ("{['a\\0'] = 1, a = 2, ['é'] = 3}", "{\"a\":2,\"a\\u0000\":1,\"é\":3}"),
        ("object {'x', 'y'}", "{\"1\":\"x\",\"2\":\"y\"}"), ("{[0] = 'z'}", "{\"0\":\"z\"}"),
        ("{[-5] = 1, [7] = 2, a = 3}", "{\"-5\":1,\"7\":2,\"a\":3}"),
        ("object {'x', n = 1}", "{\"1\":\"x\",\"n\":1}"), ("safe '<b>\"'", "\"<b>\\\"\""),
        ("{x = safe '<b>'}", "{\"x\":\"<b>\"}"),
        ("setmetatable({1}, {__len = function() error 'no' end, __index = error})", "[1]"),
        ("(function() local t = {} for i = 5, 1, -1 do t[i] = i * i end return t end)()", "[1,4,9,16,25]"),
        ("(function() local t = {1, 2, 3, x = 1} t.x = nil return t end)()", "[1,2,3]"),
        // Not in the array part of the table, and not visited in order.
        ("{[3] = 'c', [2] = 'b', [1] = 'a'}", "[\"a\",\"b\",\"c\"]"),
        ("{[4] = 4, [2] = 2, [3] = 3, [5] = 5, [1] = 1}", "[1,2,3,4,5]"),
        ("(function() local s = {1} return {s, s} end)()", "[[1],[1]]"),
    ])
    func valuesAreWritten(expression: String, expected: String) throws {
        #expect(try LuaFixture().written(expression) == expected)
    }

    @Test(arguments: [
        ("print", "cannot write the value as JSON: it is a function"),
        ("{a = {b = {1, 2, print}}}", "cannot write a.b[3] as JSON: it is a function"),
        ("{{['x y'] = io.stdout}}", "cannot write [1][\"x y\"] as JSON: it is a userdata"),
        ("{a = coroutine.create(print)}", "cannot write a as JSON: it is a coroutine"),
        ("{a = 0/0}", "cannot write a as JSON: JSON has no NaN"),
        ("{-1/0}", "cannot write [1] as JSON: JSON has no infinity"),
        ("{a = 'ab\\xff'}", "cannot write a as JSON: the string is not UTF-8 (byte 3 of 3)"),
        ("{['\\xff'] = 1}", "cannot write [\"\u{FFFD}\"] as JSON: the string is not UTF-8 (byte 1 of 1)"),
        (
            "{a = {1, 2, n = 2}}",
            "cannot write a as JSON: it has both items and the key 'n'; use two tables, or json.object"
        ),
        (
            "{1, [0] = 0}",
            "cannot write the value as JSON: it has both items and the key 0; use two tables, or json.object"
        ),
        (
            "array {n = 1}",
            "cannot write the value as JSON: it has both items and the key 'n'; use two tables, or json.object"
        ),
        (
            "{a = {1, nil, 3}}",
            "cannot write a as JSON: the list has no item 2, but an item 3; fill holes with json.null"
        ),
        (
            "array {[2] = 1}",
            "cannot write the value as JSON: the list has no item 1, but an item 2; fill holes with json.null"
        ),
        ("{[true] = 1}", "cannot write the value as JSON: its key true is neither a string nor an integer"),
        ("{a = {[1.5] = 1}}", "cannot write a as JSON: its key 1.5 is neither a string nor an integer"),
        (
            "{[print] = 1}",
            "cannot write the value as JSON: its key (a function) is neither a string nor an integer"
        ),
        ("setmetatable({}, responses)", "cannot write the value as JSON: it is a response"),
        (
            "{a = {setmetatable({id = 3, state = 'running'}, tasks)}}",
            "cannot write a[1] as JSON: it is a task; use app.await(task)"
        ),
        (
            "{r = setmetatable({}, requests)}",
            "cannot write r as JSON: it is the request; name the fields of it"
        ),
        (
            "(function() local t = {} t.self = t return t end)()",
            "cannot write self as JSON: it is the value again, which holds it"
        ),
        (
            "(function() local t = {a = {b = {}}} t.a.b[1] = t.a return t end)()",
            "cannot write a.b[1] as JSON: it is a again, which holds it"
        ),
    ])
    func whatJSONHasNotIsNamedWithItsPath(expression: String, expected: String) throws {
        let lua = try LuaFixture()
        #expect { try lua.written(expression) } throws: { "\($0)" == expected }
        #expect(try lua.written("{1}") == "[1]")
    }

    @Test func depthIsLimited() throws {
        let lua = try LuaFixture()
        let nested = "(function(n) local t = 1 for _ = 1, n do t = {t} end return t end)"
        #expect(
            try lua.written("\(nested)(128)") == String(repeating: "[", count: 128) + "1"
                + String(repeating: "]", count: 128))
        #expect {
            try lua.written("\(nested)(129)")
        } throws: {
            "\($0)".hasSuffix("as JSON: deeper than 128 tables")
        }
        #expect(throws: JSONError.self) { try lua.written("\(nested)(100000)") }
    }

    @Test func lengthIsLimited() throws {
        let lua = try LuaFixture()
        // Thirty tables, a billion values.
        let wide = "(function() local t = {'x'} for _ = 1, 30 do t = {t, t} end return t end)()"
        #expect {
            try lua.written(wide, JSONWriter.Options(maximumBytes: 1 << 20))
        } throws: {
            "\($0)".hasSuffix("as JSON: the text is longer than 1 MiB")
        }
    }

    @Test func namesAreSortedHoweverManyThereAre() throws {
        let lua = try LuaFixture()
        for count in [1, 2, 15, 16, 17, 255, 256, 257, 1000] {
            let expression = """
                (function() local t = {} for i = 1, \(count) do t[("name-%06d"):format(i * 7919 % \(count + 1))] = {i} end return t end)()
                """
            let text = try lua.written(expression)
            let names = text.split(separator: "\"").filter { $0.hasPrefix("name") }
            #expect(names == names.sorted() && Set(names).count == names.count)
            #expect(try lua.roundTrip(text) == text)
        }
    }

    @Test func orderDoesNotDependOnTheVM() throws {
        let expression = "{zeta = 1, alpha = {y = 1, x = 2}, mid = 3, ['a b'] = 4, [3] = 5}"
        let texts = try (0..<20).map { _ in try LuaFixture().written(expression) }
        #expect(Set(texts) == ["{\"3\":5,\"a b\":4,\"alpha\":{\"x\":2,\"y\":1},\"mid\":3,\"zeta\":1}"])
    }

    @Test func textForHTMLHasNoMarkup() throws {
        let lua = try LuaFixture()
        let options = JSONWriter.Options(forHTML: true)
        #expect(
            try lua.written("'</script><!--&-->'", options)
                == "\"\\u003C/script\\u003E\\u003C!--\\u0026--\\u003E\"")
        for length in 0..<20 {
            for mark in ["<", ">", "&"] {
                let text = String(repeating: "x", count: length) + mark + "yyyyyyyyyy"
                let written = try lua.written("'\(text)'", options)
                #expect(!written.contains(mark))
                #expect(try lua.roundTrip(written) == "\"\(text)\"")
            }
        }
    }

    @Test func floatsReadBackBitForBit() throws {
        let lua = try LuaFixture()
        var generator = SeededNumbers(seed: 41)
        for _ in 0..<5000 {
            let value = Double(bitPattern: generator.next())
            guard value.isFinite else { continue }
            lua.stack.push(value)
            try lua.read(Array(try lua.write().utf8))
            #expect(lua.stack.number(at: -1)?.bitPattern == value.bitPattern)
            #expect(lua.stack.integer(at: -1) == nil)
            lua.stack.pop()
        }
    }

    @Test func manyTablesLeaveTheStackAsItWas() throws {
        let lua = try LuaFixture()
        let expression =
            "(function() local t = {} for i = 1, 300 do t['k' .. i] = {a = {i, {b = i}}} end return t end)()"
        #expect(try lua.written(expression).utf8.count > 6000)
        #expect(lua.stack.top == 0)
    }
}

// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct JSONReaderTests {
    @Test(arguments: [
        ("null", "null"), ("true", "true"), (" \t\r\n false \n", "false"), ("0", "0"), ("-0", "-0.0"),
        ("\"\"", "\"\""),
        ("[]", "[]"), ("{}", "{}"), ("[ ]", "[]"), ("{ }", "{}"), ("[[],{},[[]]]", "[[],{},[[]]]"),
        ("{\"a\":[],\"b\":{}}", "{\"a\":[],\"b\":{}}"), ("[null]", "[null]"),
        ("{\"a\":null}", "{\"a\":null}"),
        ("9007199254740993", "9007199254740993"), ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"), ("9223372036854775808", "9.223372036854776e+18"),
        ("1.0", "1.0"), ("1E2", "100.0"), ("0.1", "0.1"), ("1e-7", "1e-07"),
        ("123456789.125e-3", "123456.789125"),
        ("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\""),
        ("\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"", "\"Aé€😀\""), ("\"\\u0000\"", "\"\\u0000\""),
        ("\"a\\nb\\nc\"", "\"a\\nb\\nc\""), ("\"é😀\"", "\"é😀\""), ("\"\u{7f}\"", "\"\u{7f}\""),
        ("{\"b\":1,\"a\":2,\"c\":3}", "{\"a\":2,\"b\":1,\"c\":3}"), ("{\"a\":1,\"a\":2}", "{\"a\":2}"),
        ("{\"a\":1,\"a\":null}", "{\"a\":null}"), ("{\"\":1}", "{\"\":1}"),
        ("{\"1\":\"x\",\"2\":\"y\"}", "{\"1\":\"x\",\"2\":\"y\"}"),
        ("{\"\\u0061\":1}", "{\"a\":1}"), ("[1,2,3,\"4\",[5]]", "[1,2,3,\"4\",[5]]"),
    ])
    func validTextIsReadExactly(text: String, expected: String) throws {
        #expect(try LuaFixture().roundTrip(text) == expected)
    }

    @Test func valuesHaveTheirLuaTypes() throws {
        let lua = try LuaFixture()
        try lua.read(Array("{\"i\":1,\"f\":1.0,\"b\":false,\"s\":\"x\",\"n\":null,\"a\":[7],\"1\":2}".utf8))
        lua.stack.getField("i", of: -1)
        #expect(lua.stack.integer(at: -1) == 1)
        lua.stack.getField("f", of: -2)
        #expect(lua.stack.integer(at: -1) == nil && lua.stack.number(at: -1) == 1)
        lua.stack.getField("b", of: -3)
        #expect(lua.stack.type(at: -1) == .boolean)
        lua.stack.getField("n", of: -4)
        #expect(lua.stack.isNull(at: -1))
        lua.stack.getField("a", of: -5)
        #expect(lua.stack.isKind(.array, at: -1) && lua.stack.rawLength(at: -1) == 1)
        #expect(lua.stack.getIndex(1, of: -6) == .nil)
    }

    @Test(arguments: [
        ("", 1, 1, "a value is missing"), ("  \n ", 2, 2, "a value is missing"),
        ("nul", 1, 1, "expected a value; the only words are true, false and null"),
        ("True", 1, 1, "expected a value, found 'T'"), ("NaN", 1, 1, "expected a value, found 'N'"),
        ("'a'", 1, 1, "expected a value, found '''"), ("[1,]", 1, 4, "expected a value, found ']'"),
        ("[,1]", 1, 2, "expected a value, found ','"), ("[1 2]", 1, 4, "expected ',' or ']', found '2'"),
        ("[1", 1, 3, "expected ',' or ']', found the end"), ("[1}", 1, 3, "expected ',' or ']', found '}'"),
        ("{\"a\":1,}", 1, 8, "expected a name in double quotes, found '}'"),
        ("{a:1}", 1, 2, "expected a name in double quotes, found 'a'"),
        ("{1:1}", 1, 2, "expected a name in double quotes, found '1'"),
        ("{\"a\" 1}", 1, 6, "expected ':' after a name, found '1'"),
        ("{\"a\":1 \"b\"}", 1, 8, "expected ',' or '}', found '\"'"),
        ("{", 1, 2, "expected a name in double quotes, found the end"),
        ("1 2", 1, 3, "unexpected '2' after the value"), ("[]]", 1, 3, "unexpected ']' after the value"),
        ("1//x", 1, 2, "unexpected '/' after the value"),
        ("01", 1, 1, "a number must not begin with 0"), ("-01", 1, 1, "a number must not begin with 0"),
        ("+1", 1, 1, "expected a value, found '+'"),
        (".5", 1, 1, "expected a value, found '.'"), ("1.", 1, 3, "expected a digit, found the end"),
        ("[1.]", 1, 4, "expected a digit, found ']'"),
        ("-", 1, 2, "expected a digit, found the end"), ("1e", 1, 3, "expected a digit, found the end"),
        ("-x", 1, 2, "expected a digit, found 'x'"),
        ("1e999", 1, 1, "the number is too large"), ("0x1", 1, 2, "unexpected 'x' after the value"),
        ("-Infinity", 1, 2, "expected a digit, found 'I'"),
        ("\"a", 1, 3, "the string has no end"), ("\"a\\\"", 1, 5, "the string has no end"),
        ("\"\\", 1, 2, "unknown escape after '\\'"),
        ("\"a\nb\"", 1, 3, "a control character in a string is written as \\n, \\t or \\u00xx"),
        ("\"\\x\"", 1, 2, "unknown escape after '\\'"),
        ("\"\\u12\"", 1, 2, "four hexadecimal digits belong after '\\u'"),
        ("\"\\u12G4\"", 1, 2, "four hexadecimal digits belong after '\\u'"),
        ("\"\\u+123\"", 1, 2, "four hexadecimal digits belong after '\\u'"),
        ("\"\\ud800\"", 1, 2, "half of a surrogate pair"),
        ("\"\\ud800\\u0041\"", 1, 2, "half of a surrogate pair"),
        ("\"\\ud800x\"", 1, 2, "half of a surrogate pair"),
        ("\"\\udc00\\ud800\"", 1, 2, "half of a surrogate pair"),
        ("\"\\ud800\\ud800\"", 1, 2, "half of a surrogate pair"),
        ("\"\\ud800\\u12\"", 1, 8, "four hexadecimal digits belong after '\\u'"),
        ("{\n  \"a\": [1,\n    é]}", 3, 5, "expected a value, found 'é'"),
        ("\"é\" x", 1, 5, "unexpected 'x' after the value"),
        ("\u{FEFF}1", 1, 1, "expected a value, found '\u{FEFF}'"),
        ("\u{0B}1", 1, 1, "expected a value, found byte 0xB"),
    ])
    func mistakesArePlacedAndExplained(text: String, line: Int, column: Int, reason: String) throws {
        let lua = try LuaFixture()
        #expect {
            try lua.read(Array(text.utf8))
        } throws: {
            guard case .unreadable(reason, line, column, let offset) = $0 as? JSONError else {
                Issue.record("\($0)")
                return false
            }
            return offset <= text.utf8.count && "\($0)" == "line \(line), column \(column): \(reason)"
        }
    }

    @Test(
        arguments: [
            [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0x80], [0xC3],
        ] as [[UInt8]])
    func invalidUTF8IsRefusedWithItsOffset(bytes: [UInt8]) throws {
        let lua = try LuaFixture()
        #expect(
            throws: JSONError.unreadable(reason: "invalid UTF-8 at byte 4", line: 1, column: 4, offset: 4)
        ) {
            try lua.read(Array("[\"é".utf8) + bytes + Array("\"]".utf8))
        }
        #expect(throws: JSONError.self) { try lua.read(bytes) }
    }

    @Test func depthIsLimited() throws {
        let lua = try LuaFixture()
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let nested = { (depth: Int) in
                String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
            }
            #expect(try lua.roundTrip(nested(128)) == nested(128))
            #expect(throws: JSONError.self) { try lua.read(Array(nested(129).utf8)) }
            #expect(throws: JSONError.self) {
                try lua.read(Array(String(repeating: open, count: 1_000_000).utf8))
            }
        }
        // Depth is not length.
        let wide = "[" + String(repeating: "[],", count: 1000) + "[]]"
        #expect(try lua.roundTrip(wide) == wide)
    }

    @Test func memoryOfTheVMIsALimit() throws {
        let lua = try LuaFixture(memoryLimit: 4 << 20)
        let text = Array(("[" + String(repeating: "[],", count: 200_000) + "[]]").utf8)
        #expect {
            try lua.read(text, limited: true)
        } throws: {
            "\($0)".hasSuffix("too many values for the memory of the script")
        }
        #expect(try lua.roundTrip("[1]") == "[1]")
        try lua.read(Array(("[" + String(repeating: "1,", count: 20_000) + "1]").utf8), limited: true)
    }

    @Test func everyTruncatedTextIsRefused() throws {
        let lua = try LuaFixture()
        let text = Array(
            " {\"a\" : [1, -2.5e+3, true, false, null, \"x\\u00e9\\ud83d\\ude00é😀\"], \"b\":{\"\":[[]]}}".utf8
        )
        for count in 0..<text.count {
            #expect(throws: JSONError.self, "\(count)") { try lua.read(Array(text.prefix(count))) }
        }
        try lua.read(text)
    }

    @Test func stringsOfEveryLengthAndPlaceOfAnEscapeAreRead() throws {
        let lua = try LuaFixture()
        for length in 0..<40 {
            let plain = String(repeating: "x", count: length)
            #expect(try lua.roundTrip("\"\(plain)\"") == "\"\(plain)\"")
            for special in ["\\n", "\\\"", "é", "\\\\", "\u{7f}", "<"] {
                for rest in 0..<10 {
                    let text = "\"\(plain)\(special)\(String(repeating: "y", count: rest))\""
                    #expect(try lua.roundTrip(text) == text)
                }
            }
        }
    }

    @Test func mutatedTextsNeverTrapAndWhatIsReadIsStable() throws {
        let lua = try LuaFixture()
        var generator = SeededNumbers(seed: 33)
        let seeds = [
            "{\"id\":12345,\"name\":\"Zoé\",\"tags\":[\"a\",\"b\\n\"],\"n\":null,\"f\":-1.5e-3,\"o\":{\"x\":[[],{}]}}",
            "[1,2,3,[4,[5,{\"six\":7}]],\"\\u0041\\ud83d\\ude00\",true,false,null,0.1,-0]",
        ].map { Array($0.utf8) }
        let inserts = Array(
            "\"\\{}[]:,0129.eE+-ntfu \n\u{FF}\u{C3}\u{A9}\u{0}".unicodeScalars.map { UInt8($0.value) })
        var read = 0
        for _ in 0..<20_000 {
            var text = seeds.randomElement(using: &generator)!
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let index = Int.random(in: 0..<text.count, using: &generator)
                switch Int.random(in: 0...3, using: &generator) {
                case 0: text.remove(at: index)
                case 1: text.insert(inserts.randomElement(using: &generator)!, at: index)
                case 2: text[index] = inserts.randomElement(using: &generator)!
                default: text[index] = UInt8.random(in: 0...255, using: &generator)
                }
            }
            guard (try? lua.read(text)) != nil else { continue }
            read += 1
            let first = try lua.write()
            #expect(try lua.roundTrip(first) == first)
        }
        #expect(read > 1000)
    }
}

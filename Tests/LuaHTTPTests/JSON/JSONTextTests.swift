// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

@Suite struct JSONTextTests {
    @Test func everyKindOfValue() {
        let json = JSONText.object([
            ("a", .list([.number(-1), .boolean(true), .boolean(false), .null])), ("b", .object([])),
            ("c", .list([])),
        ])
        #expect(json.text == #"{"a":[-1,true,false,null],"b":{},"c":[]}"#)
    }

    @Test(arguments: [
        ("plain é 😀", "\"plain é 😀\""), ("\"\\", #""\"\\""#), ("\n\r\t", #""\n\r\t""#),
        ("\u{0}\u{1F}\u{7F}", #""\u0000\u001f\u007f""#), ("\u{2028}\u{2029}", #""\u2028\u2029""#),
    ])
    func stringsAreEscaped(text: String, expected: String) { #expect(JSONText.string(text).text == expected) }
}

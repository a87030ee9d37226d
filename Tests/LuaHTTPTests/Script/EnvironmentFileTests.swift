// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct EnvironmentFileTests {
    @Test(arguments: [
        ("A=b", ["A": "b"]), ("A=b\nC=d\n", ["A": "b", "C": "d"]), ("A = b  ", ["A": "b"]),
        ("\u{FEFF}A=b\r\nC=d\r\n", ["A": "b", "C": "d"]), ("export A=b", ["A": "b"]),
        ("export=1", ["export": "1"]),
        ("# note\n\n  # another\nA=b # end", ["A": "b"]), ("A=b#c", ["A": "b#c"]), ("A=", ["A": ""]),
        ("A=#x", ["A": ""]),
        ("A='b # c' # d", ["A": "b # c"]), ("A=\"b\\n\\\"c\\\"\\x\"", ["A": "b\n\"c\"\\x"]),
        ("A=\"b\nc\"\nD=1", ["A": "b\nc", "D": "1"]), ("A=$B", ["A": "$B"]), ("A=1\nA=2", ["A": "2"]),
        ("A=b c", ["A": "b c"]), ("", [:]),
    ])
    func values(text: String, values: [String: String]) throws {
        #expect(try EnvironmentFile(Array(text.utf8)).values == values)
    }

    @Test(arguments: [
        ("A", 1, "expected NAME=value"), ("A=1\n1A=2", 2, "expected NAME=value"),
        ("A-B=1", 1, "expected NAME=value"),
        ("A='b\nc", 1, "the quote is not closed"), ("\nA=\"b\" c", 2, "unexpected text after the value of A"),
    ])
    func mistakesHaveALine(text: String, line: Int, message: String) {
        #expect(throws: EnvironmentFile.Mistake(line: line, message: message)) {
            try EnvironmentFile(Array(text.utf8))
        }
    }
}

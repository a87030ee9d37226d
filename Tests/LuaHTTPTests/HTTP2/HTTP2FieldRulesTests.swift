// SPDX-License-Identifier: MIT

import NIOHPACK
import Testing

@testable import LuaHTTP

/// What is malformed on the wire is in HTTP2ConformanceCases; here, what only the rules see.
struct HTTP2FieldRulesTests {
    typealias Fields = [(String, String)]

    private static let get: Fields = [(":method", "GET"), (":scheme", "https"), (":path", "/")]
    private static let connect: Fields = [(":method", "CONNECT"), (":authority", "a:1")]

    @Test(arguments: [
        get, get + [(":authority", "a")], get.reversed(), connect, connect.reversed(),
        get + [("te", "trailers")], get + [("a", "b c\t\u{e9}")],
        get + [("upgrades", "a"), ("connected", "a")],
    ]) func wellFormed(_ fields: Fields) {
        #expect(HTTP2FieldRules.isWellFormed(request: HPACKHeaders(fields)))
    }

    @Test(arguments: [
        [], [(":method", "GET")], connect + [(":path", "/")], connect + [(":scheme", "https")],
        [(":method", "CONNECT")], get + [(":protocol", "websocket")], get + [(":", "a")], get + [("te", "")],
        get + [("a", "b"), (":authority", "a")], get + [(":authority", "a\u{7f}")], get + [("é", "a")],
        get + [("upgrade", "")], get + [("a", "\r")],
    ]) func malformed(_ fields: Fields) {
        #expect(!HTTP2FieldRules.isWellFormed(request: HPACKHeaders(fields)))
    }

    @Test func trailers() {
        #expect(HTTP2FieldRules.isWellFormed(trailers: [:]))
        #expect(HTTP2FieldRules.isWellFormed(trailers: ["a": "b"]))
        #expect(!HTTP2FieldRules.isWellFormed(trailers: [":path": "/"]))
        #expect(!HTTP2FieldRules.isWellFormed(trailers: ["connection": "close"]))
        #expect(!HTTP2FieldRules.isWellFormed(trailers: ["A": "b"]))
    }
}

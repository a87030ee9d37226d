// SPDX-License-Identifier: MIT
import Testing

@testable import LuaHTTP

@Suite("FormBody")
struct FormBodyTests {
    private func parse(
        _ text: String, _ percent: FormBody.Percent = .literal, limit: Int = 512
    ) throws(FormBody.Failure) -> [String] {
        let bytes = Array(text.utf8)
        let result = bytes.withUnsafeBytes { raw -> Result<[FormBody.Pair], FormBody.Failure> in
            do throws(FormBody.Failure) {
                return .success(try FormBody.parse(raw, percent: percent, limit: limit))
            } catch {
                return .failure(error)
            }
        }
        return try result.get().map { $0.name.text + "|" + $0.value.text }
    }

    @Test(arguments: [
        ("", []), ("a=b", ["a|b"]), ("a=b&c=d", ["a|b", "c|d"]), ("a=1&a=2", ["a|1", "a|2"]), ("a", ["a|"]),
        ("a=", ["a|"]), ("=b", ["|b"]), ("&&=&", ["|"]), ("a=b=c", ["a|b=c"]),
        ("q=a+b%20c%26d%3D", ["q|a b c&d="]),
        ("%61=%C3%A9", ["a|\u{e9}"]), ("a=2;c", ["a|2;c"]),
    ])
    func pairs(text: String, expected: [String]) throws {
        #expect(try parse(text) == expected)
        #expect(try parse(text, .strict) == expected)
    }

    @Test("a percent sign that is no triplet: itself in a query, an error in a body")
    func malformed() throws {
        for text in ["a=%", "a=%4", "a=%zz", "%g=1"] {
            #expect(throws: FormBody.Failure.malformedPercent) { try parse(text, .strict) }
        }
        #expect(try parse("a=%zz&b=%4&c=%") == ["a|%zz", "b|%4", "c|%"])
    }

    @Test("the number of fields is limited, at limit + 1 and not before")
    func limit() throws {
        #expect(try parse("a&b&c", limit: 3).count == 3)
        #expect(throws: FormBody.Failure.tooManyFields) { try parse("a&b&c&d", limit: 3) }
    }
}

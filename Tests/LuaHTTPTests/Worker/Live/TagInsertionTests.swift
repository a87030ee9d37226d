// SPDX-License-Identifier: MIT

import NIOCore
import Testing

@testable import LuaHTTP

@Suite struct TagInsertionTests {
    private func insert(_ pieces: [[UInt8]]) -> String {
        var insertion = TagInsertion()
        var output = ByteBuffer()
        for piece in pieces { piece.withUnsafeBytes { insertion.pass($0, into: &output) } }
        insertion.finish(Array("<T>".utf8), into: &output)
        return String(buffer: output)
    }

    @Test(arguments: [
        ("<body>x</body></html>", "<body>x<T></body></html>"), ("<BODY>x</Body>\n", "<BODY>x<T></Body>\n"),
        ("<h1>Hello</h1>", "<h1>Hello</h1><T>"), ("", "<T>"), ("</bod", "</bod<T>"), ("</body", "<T></body"),
        ("<script>'</body>'</script>x</body>", "<script>'</body>'</script>x<T></body>"),
        ("a</</b</body></</bo", "a</</b<T></body></</bo"), ("</</</body>", "</</<T></body>"),
    ])
    func theTagStandsBeforeTheLastEndOfTheBodyAtEverySplit(page: String, expected: String) {
        for pieces in ByteSplits.all(Array(page.utf8)) { #expect(insert(pieces) == expected) }
    }

    @Test func aMentionFarFromTheEndIsNotTheEnd() {
        let rest = String(repeating: "x", count: 5000)
        #expect(insert([Array("a</body>\(rest)".utf8)]) == "a</body>\(rest)<T>")
        #expect(insert(Array("a</body>\(rest)".utf8).map { [$0] }) == "a</body>\(rest)<T>")
        let page = "\(rest)</body>\(String(repeating: "y", count: 4000))"
        #expect(insert([Array(page.utf8)]).contains("x<T></body>y"))
    }

    @Test func nothingButAnEndIsHeldBack() {
        var insertion = TagInsertion()
        var output = ByteBuffer()
        for piece in ["<p>one", "<p>two <b", "ody"] {
            Array(piece.utf8).withUnsafeBytes { insertion.pass($0, into: &output) }
        }
        #expect(String(buffer: output) == "<p>one<p>two <body")
        Array("</body></html>".utf8).withUnsafeBytes { insertion.pass($0, into: &output) }
        #expect(String(buffer: output) == "<p>one<p>two <body")
        Array("<p>more".utf8).withUnsafeBytes { insertion.pass($0, into: &output) }
        insertion.finish(Array("<T>".utf8), into: &output)
        #expect(String(buffer: output) == "<p>one<p>two <body<T></body></html><p>more")
    }
}

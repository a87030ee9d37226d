// SPDX-License-Identifier: MIT

import NIOCore
import Testing

@testable import LuaHTTP

struct StandardFieldsTests {
    private let fields = StandardFields([("X-A", "1"), ("X-Long-Name", "2"), ("X-B", "3")])

    private func member(_ name: String) -> StandardFields.Members {
        Array(name.utf8).withUnsafeBytes { fields.member($0) }
    }

    private func text(without members: StandardFields.Members) -> String {
        var buffer = ByteBuffer()
        fields.write(to: &buffer, without: members)
        return String(buffer: buffer)
    }

    @Test func allAreWrittenButThoseThatTheAnswerSets() {
        #expect(text(without: 0) == "X-A: 1\r\nX-Long-Name: 2\r\nX-B: 3\r\n")
        #expect(text(without: member("x-a")) == "X-Long-Name: 2\r\nX-B: 3\r\n")
        #expect(text(without: member("X-B") | member("X-LONG-NAME")) == "X-A: 1\r\n")
        #expect(member("X-C") == 0 && member("") == 0 && member("Content-Type") == 0)
    }

    @Test func theyAreListedAsTheyWereGiven() {
        let given = [
            ("X-A", "1"), ("Content-Security-Policy", "default-src 'self'; img-src a:b"),
            ("X-\u{e9}", "\u{e9}\u{301}"),
        ]
        let listed = StandardFields(given.map { (name: $0.0, value: $0.1) }).listed
        #expect(listed.map(\.name) == given.map(\.0))
        #expect(listed.map(\.value) == given.map(\.1))
        #expect(StandardFields.none.listed.isEmpty)
    }

    @Test func thoseOfErrorsForbidToKeepThem() {
        var buffer = ByteBuffer()
        fields.uncached.write(to: &buffer, without: 0)
        #expect(String(buffer: buffer) == "X-A: 1\r\nX-Long-Name: 2\r\nX-B: 3\r\nCache-Control: no-store\r\n")
        let kept = StandardFields([("cache-control", "max-age=60"), ("X-A", "1")])
        #expect(String(buffer: kept.uncached.block) == "X-A: 1\r\nCache-Control: no-store\r\n")
        #expect(String(buffer: StandardFields.none.uncached.block) == "Cache-Control: no-store\r\n")
        // Room is left for it.
        let many = StandardFields((0..<100).map { (name: "X-\($0)", value: "1") }).uncached.listed
        #expect(many.count == StandardFields.most + 1 && many.last?.name == "Cache-Control")
    }

    @Test func aBlockAddsThemAtItsEnd() throws {
        var block = HeaderBlock()
        block.begin(fields)
        try Array("9".utf8).withUnsafeBytes { try block.add("x-a", $0) }
        Array("X-B".utf8).withUnsafeBytes { block.omit($0) }
        block.finish()
        #expect(String(buffer: block.bytes) == "x-a: 9\r\nX-Long-Name: 2\r\n")
        block.begin(.none)
        block.finish()
        #expect(block.bytes.readableBytes == 0)
    }
}

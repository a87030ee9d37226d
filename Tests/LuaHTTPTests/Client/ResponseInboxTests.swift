// SPDX-License-Identifier: MIT

import NIOCore
import Testing

@testable import LuaHTTP

struct ResponseInboxTests {
    @Test func partsComeAsTheyCame() {
        var inbox = ResponseInbox()
        inbox.append(ByteBuffer(string: "abc"))
        inbox.append(ByteBuffer())
        inbox.append(ByteBuffer(string: "de"))
        #expect(inbox.byteCount == 5)
        #expect(inbox.read().map { String(buffer: $0) } == "abc")
        #expect(inbox.read().map { String(buffer: $0) } == "de")
        #expect(inbox.read() == nil)
        #expect(inbox.byteCount == 0)
    }

    @Test func aPartIsCutToWhatIsAskedFor() {
        var inbox = ResponseInbox()
        inbox.append(ByteBuffer(string: "abcde"))
        inbox.append(ByteBuffer(string: "fg"))
        var pieces: [String] = []
        while let piece = inbox.read(atMost: 2) { pieces.append(String(buffer: piece)) }
        #expect(pieces == ["ab", "cd", "e", "fg"])
    }

    @Test func allIsOneBuffer() {
        var inbox = ResponseInbox()
        for part in ["abc", "", "de", "f"] { inbox.append(ByteBuffer(string: part)) }
        #expect(String(buffer: inbox.readAll()) == "abcdef")
        #expect(inbox.readAll().readableBytes == 0)
    }

    @Test func itIsFullAtItsCapacity() {
        var inbox = ResponseInbox()
        inbox.capacity = 4
        inbox.append(ByteBuffer(string: "abc"))
        #expect(!inbox.isFull)
        inbox.append(ByteBuffer(string: "d"))
        #expect(inbox.isFull)
        _ = inbox.read(atMost: 1)
        #expect(!inbox.isFull)
    }
}

// SPDX-License-Identifier: MIT

import NIOCore
import NIOEmbedded
import Testing

@testable import LuaHTTP

struct FrameGathererTests {
    @Test func whatIsWrittenBeforeAFlushLeavesInOnePiece() throws {
        let pieces = try written { channel in
            for piece in ["head", "payload", "head"] { channel.write(Self.data(piece), promise: nil) }
            channel.flush()
            channel.write(Self.data("next"), promise: nil)
            channel.flush()
        }
        #expect(pieces == ["headpayloadhead", "next"])
    }

    @Test func nothingLeavesBeforeAFlush() throws {
        #expect(try written { $0.write(Self.data("head"), promise: nil) } == [])
    }

    /// A long payload is not copied, and stays behind what was written before it.
    @Test func longPiecesKeepTheirPlace() throws {
        let long = String(repeating: "x", count: FrameGatherer.longest + 1)
        let pieces = try written { channel in
            for piece in ["a", long, "b", "c"] { channel.write(Self.data(piece), promise: nil) }
            channel.flush()
        }
        #expect(pieces == ["a", long, "bc"])
    }

    /// What waits is bounded, and arrives whole.
    @Test func aPieceIsNoLongerThanARecord() throws {
        let piece = String(repeating: "y", count: 3000)
        let pieces = try written { channel in
            for _ in 0..<20 { channel.write(Self.data(piece), promise: nil) }
            channel.flush()
        }
        #expect(pieces.joined() == String(repeating: piece, count: 20))
        #expect(pieces.allSatisfy { $0.utf8.count <= FrameGatherer.most })
        #expect(pieces.count == 4)
    }

    @Test func aPromiseIsKept() throws {
        let channel = EmbeddedChannel(handler: FrameGatherer())
        channel.write(Self.data("a"), promise: nil)
        let promise = channel.eventLoop.makePromise(of: Void.self)
        channel.write(Self.data("b"), promise: promise)
        channel.flush()
        try promise.futureResult.wait()
        #expect(try channel.readOutbound(as: ByteBuffer.self) == ByteBuffer(string: "a"))
        #expect(try channel.readOutbound(as: ByteBuffer.self) == ByteBuffer(string: "b"))
    }

    private static func data(_ text: String) -> IOData { .byteBuffer(ByteBuffer(string: text)) }

    private func written(_ write: (EmbeddedChannel) -> Void) throws -> [String] {
        let channel = EmbeddedChannel(handler: FrameGatherer())
        write(channel)
        var pieces: [String] = []
        while let piece = try channel.readOutbound(as: ByteBuffer.self) {
            pieces.append(String(buffer: piece))
        }
        return pieces
    }
}

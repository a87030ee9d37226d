// SPDX-License-Identifier: MIT

import Foundation
import NIOCore
import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

@testable import LuaHTTP

struct FileBodyCursorTests {
    private func with(_ pieces: [FileBody.Piece], _ body: (inout FileBodyCursor, URL) throws -> Void) throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "luahttpd-\(UUID().uuidString)")
        try Data("0123456789".utf8).write(to: url)
        defer { try? FileManager.default.removeItem(at: url) }
        var cursor = FileBodyCursor(
            FileBody(NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: open(url.path, O_RDONLY)), pieces))
        defer { cursor.close() }
        try body(&cursor, url)
    }

    private func text(_ cursor: inout FileBodyCursor, most: Int) -> String {
        var text = ""
        while !cursor.isAtEnd, let piece = cursor.next(most: most) { text += String(buffer: piece) }
        return text
    }

    @Test(arguments: 1...12) func aRangeInPiecesOfAnySize(_ most: Int) throws {
        try with([.init(range: 2..<9)]) { cursor, _ in
            let read = text(&cursor, most: most)
            #expect(read == "2345678")
        }
    }

    @Test(arguments: 1...12) func severalRangesWithBytesBetween(_ most: Int) throws {
        let pieces = [
            FileBody.Piece(before: ByteBuffer(string: "<a>"), range: 0..<2),
            FileBody.Piece(before: ByteBuffer(string: "<b>"), range: 8..<10),
            FileBody.Piece(before: ByteBuffer(string: "<end>"), range: 0..<0),
        ]
        try with(pieces) { cursor, _ in
            let read = text(&cursor, most: most)
            #expect(read == "<a>01<b>89<end>")
        }
    }

    @Test func aFileThatBecameShorterIsNoticed() throws {
        try with([.init(range: 0..<10)]) { cursor, url in
            let first = cursor.next(most: 4)
            #expect(first.map { String(buffer: $0) } == "0123")
            let handle = try FileHandle(forWritingTo: url)
            try handle.truncate(atOffset: 2)
            try handle.close()
            let second = cursor.next(most: 4)
            #expect(second == nil)
        }
    }
}

// SPDX-License-Identifier: MIT
import Testing

@testable import LuaHTTP

@Suite("Inflater")
struct InflaterTests {
    /// All that comes out, by pieces of `room` bytes at most; nil when it is malformed.
    private func inflate(
        _ pieces: [[UInt8]], _ format: ZlibStream.Format, room: Int = 1000
    ) throws -> (bytes: [UInt8], isComplete: Bool)? {
        var inflater = try Inflater(format)
        var result: [UInt8] = []
        var output = [UInt8](repeating: 0, count: room)
        for piece in pieces {
            var rest = piece[...]
            while true {
                var moved = (consumed: 0, produced: 0)
                do {
                    try rest.withUnsafeBytes { input in
                        try output.withUnsafeMutableBytes { moved = try inflater.inflate(input, into: $0) }
                    }
                } catch {
                    return nil
                }
                rest = rest.dropFirst(moved.consumed)
                result += output[..<moved.produced]
                if moved.consumed == 0, moved.produced < room { break }
            }
        }
        return (result, inflater.isComplete)
    }

    @Test("every cut gives the same, whatever the room")
    func splits() throws {
        let text = Array(CompressedBytes.text.utf8)
        for (bytes, format) in [
            (CompressedBytes.gzip, ZlibStream.Format.gzip), (CompressedBytes.zlib(text), .zlib),
        ] {
            for pieces in ByteSplits.all(bytes) {
                for room in [1, 7, 1000] {
                    let result = try #require(try inflate(pieces, format, room: room))
                    #expect(result.bytes == text && result.isComplete)
                }
            }
        }
    }

    @Test("what is cut off is never complete")
    func truncated() throws {
        for end in 0..<CompressedBytes.gzip.count {
            let result = try #require(try inflate([Array(CompressedBytes.gzip[..<end])], .gzip))
            #expect(!result.isComplete, "complete after \(end) bytes")
        }
    }

    @Test("one bit wrong in the content or the checksum is found")
    func damaged() throws {
        for index in 10..<CompressedBytes.gzip.count {
            var bytes = CompressedBytes.gzip
            bytes[index] ^= 1
            let result = try inflate([bytes], .gzip)
            #expect(result == nil || result?.isComplete == false, "byte \(index)")
        }
        #expect(try inflate([Array("not compressed".utf8)], .gzip) == nil)
        #expect(try inflate([CompressedBytes.gzip], .zlib) == nil)
    }

    @Test("gzip may have several members, zlib has one")
    func members() throws {
        let text = Array(CompressedBytes.text.utf8)
        let twice = try #require(try inflate([CompressedBytes.gzip + CompressedBytes.gzip], .gzip))
        #expect(twice.bytes == text + text && twice.isComplete)
        #expect(try inflate([CompressedBytes.gzip + [0]], .gzip)?.isComplete != true)
        let zlib = CompressedBytes.zlib(text)
        #expect(try inflate([zlib + zlib], .zlib) == nil)
    }
}

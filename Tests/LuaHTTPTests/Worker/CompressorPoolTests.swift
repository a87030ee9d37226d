// SPDX-License-Identifier: MIT

import CZstd
import NIOCore
import Testing

@testable import LuaHTTP

@Suite("compression")
struct CompressorPoolTests {
    private static let text = Array(
        String(repeating: "a page of rows and rows and numbers 12345\n", count: 3000).utf8)

    @Test("what was compressed in pieces is whole again", arguments: [1, 9, 1000, 50_000, 1 << 20])
    func pieces(size: Int) throws {
        for format in [ZlibStream.Format.gzip, .zlib] {
            let pool = CompressorPool(CompressionSetting())
            let compressor = try #require(pool.begin(format == .gzip ? .gzip : .deflate))
            var output = ByteBuffer()
            let text = size == 1 ? Self.text.prefix(500) : Self.text[...]
            for start in stride(from: 0, to: text.count, by: size) {
                text[start..<min(start + size, text.count)].withUnsafeBytes {
                    compressor.pass($0, into: &output, .none)
                }
            }
            compressor.pass(UnsafeRawBufferPointer(start: nil, count: 0), into: &output, .end)
            let (bytes, isComplete) = try CompressedBytes.inflated(output.readableBytesView, format)
            #expect(bytes == Array(text))
            #expect(isComplete)
        }
    }

    @Test("after a flush the client can read all that was given")
    func flush() throws {
        let pool = CompressorPool(CompressionSetting())
        let compressor = try #require(pool.begin(.gzip))
        var output = compressor.pass(ByteBuffer(string: "first piece"), .none)
        #expect(compressor.holdsBack)
        output.writeImmutableBuffer(compressor.pass(ByteBuffer(), .all))
        #expect(!compressor.holdsBack)
        #expect(
            try CompressedBytes.inflated(output.readableBytesView, .gzip).bytes == Array("first piece".utf8))
        output.writeImmutableBuffer(compressor.pass(ByteBuffer(string: ", last"), .end))
        let (bytes, isComplete) = try CompressedBytes.inflated(output.readableBytesView, .gzip)
        #expect(bytes == Array("first piece, last".utf8))
        #expect(isComplete)
        #expect(compressor.produced == output.readableBytes)
        pool.end(compressor)
    }

    @Test("a compressor that is used again begins anew")
    func reuse() throws {
        let pool = CompressorPool(CompressionSetting())
        for coding in [AnswerCoding.gzip, .deflate, .gzip, .deflate] {
            let output = try Self.text.withUnsafeBytes { try #require(pool.compress($0, coding)) }
            #expect(output.readableBytes < Self.text.count / 10)
            #expect(
                try CompressedBytes.inflated(output.readableBytesView, coding == .gzip ? .gzip : .zlib).bytes
                    == Self.text)
        }
    }

    @Test("what would not become smaller stays as it is")
    func random() {
        var numbers = SystemRandomNumberGenerator()
        let noise = (0..<5000).map { _ in UInt8.random(in: 0...255, using: &numbers) }
        let pool = CompressorPool(CompressionSetting())
        noise.withUnsafeBytes { #expect(pool.compress($0, .gzip) == nil) }
    }

    @Test("zstd in pieces is whole again, and can be read after each flush")
    func zstd() throws {
        let pool = CompressorPool(CompressionSetting())
        for _ in 0..<2 {
            let compressor = try #require(pool.begin(.zstd))
            var output = ByteBuffer()
            for start in stride(from: 0, to: Self.text.count, by: 7919) {
                let end = min(start + 7919, Self.text.count)
                Self.text[start..<end].withUnsafeBytes { compressor.pass($0, into: &output, .all) }
                #expect(unzstd(output) == Array(Self.text[..<end]))
            }
            compressor.pass(UnsafeRawBufferPointer(start: nil, count: 0), into: &output, .end)
            #expect(unzstd(output) == Self.text)
            #expect(output.readableBytes < Self.text.count / 5)
            pool.end(compressor)
        }
    }

    private func unzstd(_ bytes: ByteBuffer) -> [UInt8] {
        let context = ZSTD_createDCtx()
        defer { ZSTD_freeDCtx(context) }
        var room = [UInt8](repeating: 0, count: Self.text.count + 1)
        let count = bytes.withUnsafeReadableBytes { bytes in
            room.withUnsafeMutableBytes { room in
                var source = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
                var target = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
                _ = ZSTD_decompressStream(context, &target, &source)
                return target.pos
            }
        }
        return Array(room[..<count])
    }

    @Test(
        "streams hold so much memory for it and no more", arguments: [(AnswerCoding.gzip, 122), (.zstd, 19)])
    func bound(coding: AnswerCoding, most: Int) {
        let pool = CompressorPool(CompressionSetting())
        let taken = (0..<200).compactMap { _ in pool.begin(coding) }
        #expect(taken.count == most)
        for compressor in taken { pool.end(compressor) }
        #expect(pool.begin(coding) != nil)
    }
}

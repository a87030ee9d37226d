// SPDX-License-Identifier: MIT

internal import NIOCore

/// Compresses one body at a time, from buffer to buffer. Knows no answer.
class Compressor {
    let coding: AnswerCoding
    /// What it holds, about.
    let kilobytes: Int
    /// Bytes given that the client cannot read yet.
    private(set) var holdsBack = false
    /// Bytes that came out.
    private(set) var produced = 0

    fileprivate init(_ coding: AnswerCoding, kilobytes: Int) {
        self.coding = coding
        self.kilobytes = kilobytes
    }

    private static let room = 16 << 10

    /// Appends what comes of `bytes` to `output`.
    final func pass(_ bytes: UnsafeRawBufferPointer, into output: inout ByteBuffer, _ flush: Deflater.Flush) {
        let before = output.readableBytes
        var rest = bytes
        var isFull = true
        while isFull || !rest.isEmpty {
            output.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.room) { room in
                let (consumed, produced) = encode(rest, into: room, flush)
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(consumed))
                isFull = produced == room.count
                return produced
            }
        }
        produced &+= output.readableBytes &- before
        holdsBack = flush == .none && (holdsBack || !bytes.isEmpty)
    }

    /// What comes of the next piece.
    final func pass(_ piece: ByteBuffer, _ flush: Deflater.Flush) -> ByteBuffer {
        var output = ByteBuffer()
        piece.withUnsafeReadableBytes { pass($0, into: &output, flush) }
        return output
    }

    /// Begins anew, with the memory that it has.
    func reset() { (holdsBack, produced) = (false, 0) }

    /// Reads some of `input` and fills some of `output`.
    fileprivate func encode(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, _ flush: Deflater.Flush
    ) -> (consumed: Int, produced: Int) { (input.count, 0) }
}

/// gzip and deflate.
final class DeflateCompressor: Compressor {
    private var deflater: Deflater

    /// Nil without memory.
    init?(_ coding: AnswerCoding, level: Int) {
        guard let deflater = Deflater(coding == .deflate ? .zlib : .gzip, level: level) else { return nil }
        self.deflater = deflater
        super.init(coding, kilobytes: 270)
    }

    override func reset() {
        super.reset()
        deflater.reset()
    }

    override fileprivate func encode(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, _ flush: Deflater.Flush
    ) -> (consumed: Int, produced: Int) { deflater.deflate(input, into: output, flush) }
}

/// zstd.
final class ZstdCompressor: Compressor {
    private var encoder: ZstdEncoder

    /// Nil without memory.
    init?() {
        guard let encoder = ZstdEncoder() else { return nil }
        self.encoder = encoder
        super.init(.zstd, kilobytes: 1800)
    }

    override func reset() {
        super.reset()
        encoder.reset()
    }

    override fileprivate func encode(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, _ flush: Deflater.Flush
    ) -> (consumed: Int, produced: Int) { encoder.encode(input, into: output, flush) }
}

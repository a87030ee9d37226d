// SPDX-License-Identifier: MIT

internal import CZlib

/// Makes gzip (RFC 1952) or zlib (RFC 1950, which HTTP calls "deflate") of bytes, piece by piece.
/// Decides nothing: what is worth it, and when it must be out, is for the caller to know.
struct Deflater: ~Copyable {
    enum Format { case gzip, zlib }

    enum Flush {
        /// As it comes: what is held back may be kilobytes.
        case none
        /// All that was given can be read by the client.
        case all
        /// The end.
        case end
    }

    /// zlib keeps a pointer to it.
    private let stream: UnsafeMutablePointer<z_stream>

    /// Nil without memory: about 270 KB, until it is let go of.
    ///
    /// - Parameter level: from 1, fast, to 9, small.
    init?(_ format: Format, level: Int) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // deflateInit2 of zlib.h: 15 bits of window; plus 16: gzip.
        guard lh_deflate_init(stream, CInt(clamping: level), format == .gzip ? 15 + 16 : 15) == Z_OK else {
            return nil
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// Begins anew, with the memory that it has.
    mutating func reset() { deflateReset(stream) }

    /// Reads some of `input` and fills some of `output`; call again while input is left or the room was filled.
    mutating func deflate(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, _ flush: Flush
    ) -> (consumed: Int, produced: Int) {
        let available = UInt32(clamping: input.count)
        let room = UInt32(clamping: output.count)
        // SAFETY: zlib reads and writes within the counts given with the pointers, and keeps neither.
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = available
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = room
        // Z_BUF_ERROR says that there was nothing to do, Z_STREAM_END that it is over; there are no others.
        _ = CZlib.deflate(stream, Self.mode(available == input.count ? flush : .none))
        return (Int(available &- stream.pointee.avail_in), Int(room &- stream.pointee.avail_out))
    }

    private static func mode(_ flush: Flush) -> CInt {
        switch flush {
        case .none: Z_NO_FLUSH
        case .all: Z_SYNC_FLUSH
        case .end: Z_FINISH
        }
    }
}

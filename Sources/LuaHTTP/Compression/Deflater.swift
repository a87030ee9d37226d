// SPDX-License-Identifier: MIT

internal import CZlib

/// Makes gzip (RFC 1952) or zlib (RFC 1950, which HTTP calls "deflate") of bytes, piece by piece.
/// Decides nothing: what is worth it, and when it must be out, is for the caller to know.
struct Deflater: ~Copyable {
    enum Flush {
        /// As it comes: what is held back may be kilobytes.
        case none
        /// All that was given can be read by the client.
        case all
        /// The end.
        case end
    }

    private var stream: ZlibStream

    /// Nil without memory: about 270 KB, until it is let go of.
    ///
    /// - Parameter level: from 1, fast, to 9, small.
    init?(_ format: ZlibStream.Format, level: Int) {
        let stream = ZlibStream(endedBy: deflateEnd)
        guard lh_deflate_init(stream.state, CInt(clamping: level), format.windowBits) == Z_OK else {
            return nil
        }
        self.stream = stream
    }

    /// Begins anew, with the memory that it has.
    mutating func reset() { deflateReset(stream.state) }

    /// Reads some of `input` and fills some of `output`; call again while input is left or the room was filled.
    mutating func deflate(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, _ flush: Flush
    ) -> (consumed: Int, produced: Int) {
        let mode = Self.mode(input.count <= UInt32.max ? flush : .none)
        // Z_BUF_ERROR says that there was nothing to do, Z_STREAM_END that it is over; there are no others.
        let step = stream.step(input, into: output) { CZlib.deflate($0, mode) }
        return (step.consumed, step.produced)
    }

    private static func mode(_ flush: Flush) -> CInt {
        switch flush {
        case .none: Z_NO_FLUSH
        case .all: Z_SYNC_FLUSH
        case .end: Z_FINISH
        }
    }
}

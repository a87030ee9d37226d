// SPDX-License-Identifier: MIT

internal import CZlib

/// Undoes gzip (RFC 1952) and zlib (RFC 1950, which HTTP calls "deflate"), piece by piece. Knows no limits:
/// how much comes out is for the caller to watch.
struct Inflater: ~Copyable {
    enum Failure: Error, Equatable {
        /// The bytes are not of the format, or their checksum is wrong.
        case malformed
        case outOfMemory
    }

    private let format: ZlibStream.Format
    private var stream: ZlibStream
    /// The bytes so far are whole: nothing is missing at the end.
    private(set) var isComplete = false

    init(_ format: ZlibStream.Format) throws(Failure) {
        let stream = ZlibStream(endedBy: inflateEnd)
        guard lh_inflate_init(stream.state, format.windowBits) == Z_OK else { throw .outOfMemory }
        self.format = format
        self.stream = stream
    }

    /// Reads some of `input` and fills some of `output`; call again until neither moves on.
    mutating func inflate(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(Failure) -> (consumed: Int, produced: Int) {
        guard !isComplete || !input.isEmpty else { return (0, 0) }
        if isComplete {
            // More members may follow in gzip (RFC 1952 §2.2), nothing in zlib.
            guard format == .gzip, inflateReset(stream.state) == Z_OK else { throw .malformed }
            isComplete = false
        }
        let step = stream.step(input, into: output) { CZlib.inflate($0, Z_NO_FLUSH) }
        switch step.result {
        case Z_OK, Z_BUF_ERROR: break  // the latter: no progress without more input or room
        case Z_STREAM_END: isComplete = true
        case Z_MEM_ERROR: throw .outOfMemory
        default: throw .malformed
        }
        return (step.consumed, step.produced)
    }
}

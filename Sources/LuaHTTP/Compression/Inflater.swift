// SPDX-License-Identifier: MIT

internal import CZlib

/// Undoes gzip (RFC 1952) and zlib (RFC 1950, which HTTP calls "deflate"), piece by piece. Knows no limits:
/// how much comes out is for the caller to watch.
struct Inflater: ~Copyable {
    enum Format { case gzip, zlib }

    enum Failure: Error, Equatable {
        /// The bytes are not of the format, or their checksum is wrong.
        case malformed
        case outOfMemory
    }

    private let format: Format
    /// zlib keeps a pointer to it.
    private let stream: UnsafeMutablePointer<z_stream>
    /// The bytes so far are whole: nothing is missing at the end.
    private(set) var isComplete = false

    init(_ format: Format) throws(Failure) {
        self.format = format
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // inflateInit2 of zlib.h: 15 bits of window; plus 16: gzip.
        guard lh_inflate_init(stream, format == .gzip ? 15 + 16 : 15) == Z_OK else { throw .outOfMemory }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Reads some of `input` and fills some of `output`; call again until neither moves on.
    mutating func inflate(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(Failure) -> (consumed: Int, produced: Int) {
        guard !isComplete || !input.isEmpty else { return (0, 0) }
        if isComplete {
            // More members may follow in gzip (RFC 1952 §2.2), nothing in zlib.
            guard format == .gzip, inflateReset(stream) == Z_OK else { throw .malformed }
            isComplete = false
        }
        let available = UInt32(clamping: input.count)
        let room = UInt32(clamping: output.count)
        // SAFETY: zlib reads and writes within the counts given with the pointers, and keeps neither.
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = available
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = room
        let result = CZlib.inflate(stream, Z_NO_FLUSH)
        let consumed = Int(available &- stream.pointee.avail_in)
        let produced = Int(room &- stream.pointee.avail_out)
        switch result {
        case Z_OK, Z_BUF_ERROR: break  // the latter: no progress without more input or room
        case Z_STREAM_END: isComplete = true
        case Z_MEM_ERROR: throw .outOfMemory
        default: throw .malformed
        }
        return (consumed, produced)
    }
}

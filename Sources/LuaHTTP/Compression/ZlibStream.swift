// SPDX-License-Identifier: MIT

internal import CZlib

/// The state of zlib on its way through one body, and one step of it. Does not know whether it makes a format or
/// undoes it.
struct ZlibStream: ~Copyable {
    /// gzip (RFC 1952) or zlib (RFC 1950, which HTTP calls "deflate").
    enum Format {
        case gzip, zlib

        /// deflateInit2 and inflateInit2 of zlib.h: 15 bits of window; plus 16: gzip.
        var windowBits: CInt { self == .gzip ? 15 + 16 : 15 }
    }

    /// zlib keeps a pointer to it.
    let state: UnsafeMutablePointer<z_stream>
    private let end: @convention(c) (UnsafeMutablePointer<z_stream>?) -> CInt

    /// - Parameter end: lets go of what zlib holds; does nothing where `state` was never begun.
    init(endedBy end: @escaping @convention(c) (UnsafeMutablePointer<z_stream>?) -> CInt) {
        state = .allocate(capacity: 1)
        state.initialize(to: z_stream())
        self.end = end
    }

    deinit {
        _ = end(state)
        state.deallocate()
    }

    /// Reads some of `input` and fills some of `output` by `operation`, a call of zlib's.
    mutating func step(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer,
        _ operation: (UnsafeMutablePointer<z_stream>) -> CInt
    ) -> (result: CInt, consumed: Int, produced: Int) {
        let available = UInt32(clamping: input.count)
        let room = UInt32(clamping: output.count)
        // SAFETY: zlib reads and writes within the counts given with the pointers, and keeps neither.
        state.pointee.next_in = UnsafeMutablePointer(
            mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        state.pointee.avail_in = available
        state.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        state.pointee.avail_out = room
        let result = operation(state)
        return (result, Int(available &- state.pointee.avail_in), Int(room &- state.pointee.avail_out))
    }
}

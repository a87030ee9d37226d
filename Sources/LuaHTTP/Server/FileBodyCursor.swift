// SPDX-License-Identifier: MIT
import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A file's answer read piece by piece, where sendfile cannot serve: what is encrypted or framed must pass through
/// memory. Reads on the loop, as sendfile does. Does not know where the bytes go.
struct FileBodyCursor {
    private let body: FileBody
    private var piece = 0
    /// Of the piece at hand: its own bytes are out, and so many of the file.
    private var hasPassedBytes = false
    private var offset = 0

    init(_ body: FileBody) { self.body = body }

    var isAtEnd: Bool { piece >= body.pieces.count }

    func close() { try? body.handle.close() }

    /// The next bytes; nil when the file has become shorter than was promised, or cannot be read.
    mutating func next(most: Int) -> ByteBuffer? {
        var bytes = ByteBuffer()
        while bytes.readableBytes < most, piece < body.pieces.count {
            let current = body.pieces[piece]
            if !hasPassedBytes {
                bytes.writeImmutableBuffer(current.before)
                hasPassedBytes = true
            }
            let left = current.range.count &- offset
            if left > 0, bytes.readableBytes < most {
                let count = read(
                    min(left, most &- bytes.readableBytes), at: current.range.lowerBound &+ offset,
                    into: &bytes)
                guard count > 0 else { return nil }
                offset &+= count
            }
            if offset >= current.range.count {
                piece &+= 1
                offset = 0
                hasPassedBytes = false
            }
        }
        return bytes
    }

    private func read(_ count: Int, at position: Int, into bytes: inout ByteBuffer) -> Int {
        let handle = body.handle
        return bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { memory in
            let result = try? handle.withUnsafeFileDescriptor { descriptor in
                var result: Int
                repeat {
                    result = pread(descriptor, memory.baseAddress, count, off_t(position))
                } while result < 0 && errno == EINTR
                return result
            }
            return max(0, result ?? 0)
        }
    }
}

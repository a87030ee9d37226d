// SPDX-License-Identifier: MIT

internal import NIOCore

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Reads a small file at once.
enum FileReader {
    /// The bytes of the range, or nil when the file is shorter by now.
    static func read(_ file: borrowing OpenFile, _ range: Range<Int64>) -> ByteBuffer? {
        var buffer = ByteBuffer()
        return append(file, range, to: &buffer) ? buffer : nil
    }

    static func append(_ file: borrowing OpenFile, _ range: Range<Int64>, to buffer: inout ByteBuffer) -> Bool
    {
        guard !range.isEmpty else { return true }
        buffer.reserveCapacity(minimumWritableBytes: range.count)
        var offset = range.lowerBound
        while offset < range.upperBound {
            let wanted = Int(range.upperBound - offset)
            let descriptor = file.descriptor
            let count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) {
                max(0, pread(descriptor, $0.baseAddress, wanted, off_t(offset)))
            }
            guard count > 0 else { return false }
            offset += Int64(count)
        }
        return true
    }
}

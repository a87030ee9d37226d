// SPDX-License-Identifier: MIT

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Reads source files whole.
enum SourceFile {
    /// The bytes, or nil when it is not a readable regular file of at most `limit` bytes.
    static func read(_ path: String, limit: Int) -> [UInt8]? {
        // O_NONBLOCK: opening a FIFO must not wait for a writer.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= limit else {
            return nil
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(status.st_size))
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= limit {
            let count = chunk.withUnsafeMutableBytes { unsafe in
                #if canImport(Glibc)
                Glibc.read(file, unsafe.baseAddress, unsafe.count)
                #else
                Darwin.read(file, unsafe.baseAddress, unsafe.count)
                #endif
            }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
        return nil
    }

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}

// SPDX-License-Identifier: MIT

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Standard input, output and error, which a supervisor may have closed.
enum StandardStreams {
    /// Opens what is closed on /dev/null: otherwise the next socket or epoll descriptor would get the number,
    /// and the log would be written to it.
    static func ensureOpen() {
        for stream in STDIN_FILENO...STDERR_FILENO where fcntl(stream, F_GETFD) < 0 {
            // The lowest free number is this one.
            _ = open("/dev/null", O_RDWR)
        }
    }

    /// Writes all of it; false when nobody reads.
    static func write(_ bytes: UnsafeRawBufferPointer, to stream: Int32) -> Bool {
        var rest = bytes
        while let start = rest.baseAddress, !rest.isEmpty {
            let count = systemWrite(stream, start, rest.count)
            guard count > 0 else { return false }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        return true
    }
}

private func systemWrite(_ file: Int32, _ start: UnsafeRawPointer, _ count: Int) -> Int {
    write(file, start, count)
}

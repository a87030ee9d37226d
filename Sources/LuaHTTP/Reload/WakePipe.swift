// SPDX-License-Identifier: MIT

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Wakes a thread that waits in `poll`. A wake before the wait is not lost.
final class WakePipe: Sendable {
    /// Readable after ``wake()``, until ``drain()``.
    let input: Int32
    private let output: Int32

    init() throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SystemError(code: errno) }
        (input, output) = (ends[0], ends[1])
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
    }

    deinit {
        close(input)
        close(output)
    }

    /// From any thread. A full pipe wakes as well.
    func wake() {
        var byte: UInt8 = 1
        _ = write(output, &byte, 1)
    }

    func drain() {
        var bytes = (UInt64(0), UInt64(0))
        while read(input, &bytes, MemoryLayout.size(ofValue: bytes)) > 0 {}
    }
}

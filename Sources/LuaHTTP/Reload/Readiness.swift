// SPDX-License-Identifier: MIT

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Waiting for descriptors to become readable.
enum Readiness {
    /// - Parameter timeout: milliseconds; -1 waits for ever.
    /// - Returns: whether any is readable; false at the end of the time.
    static func wait(for descriptors: [Int32], timeout: Int32) -> Bool {
        var polled = descriptors.filter { $0 >= 0 }.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        return poll(&polled, nfds_t(polled.count), timeout) > 0
    }

    /// Whether there is something to read right now.
    static func hasInput(_ descriptor: Int32) -> Bool {
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&polled, 1, 0) > 0
    }
}

// SPDX-License-Identifier: MIT

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Why a path cannot be read, in the system's words.
enum FileReason {
    /// Nil when it is there and readable.
    static func text(for path: String) -> String? {
        access(path, R_OK) == 0 ? nil : String(cString: strerror(errno))
    }
}

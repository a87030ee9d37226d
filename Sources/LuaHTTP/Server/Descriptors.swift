// SPDX-License-Identifier: MIT

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// How many files and sockets the process may have open at once.
enum Descriptors {
    /// RLIMIT_NOFILE; at least 64, so that what is derived from it is of use.
    static var limit: Int {
        var limit = rlimit()
        #if canImport(Glibc)
        let status = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #else
        let status = getrlimit(RLIMIT_NOFILE, &limit)
        #endif
        return status == 0 ? max(64, Int(clamping: limit.rlim_cur)) : 1024
    }
}

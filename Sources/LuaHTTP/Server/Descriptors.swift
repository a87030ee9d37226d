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

    /// So many may be connections: the others are for what each worker has open itself, for files and uploads.
    static func forConnections(workers: Int) -> Int {
        let ofProcess = 12
        let ofWorker = 6  // measured: 18 with one worker, 36 with four, 60 with eight
        let spare = 16
        let limit = limit
        return max(8, min(limit / 5 * 4, limit - ofProcess - spare - ofWorker * min(workers, limit)))
    }
}

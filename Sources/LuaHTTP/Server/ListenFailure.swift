// SPDX-License-Identifier: MIT

internal import NIOCore

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Why an address cannot be listened on, and what to do about it.
enum ListenFailure {
    static func text(_ error: any Error, host: String, port: Int) -> String {
        let place = "\(host.contains(":") ? "[\(host)]" : host):\(port)"
        guard let error = error as? IOError else {
            return "cannot listen on \(place): \(error)"
        }
        switch error.errnoCode {
        case EADDRINUSE:
            return "cannot listen on \(place): the port is in use; stop the other program or choose another"
                + " with --port"
        case EACCES:
            return "cannot listen on \(place): not permitted; ports below 1024 need privileges"
        case EADDRNOTAVAIL:
            return "cannot listen on \(place): this machine has no such address"
        default:
            return "cannot listen on \(place): \(String(cString: strerror(error.errnoCode)))"
        }
    }
}

// SPDX-License-Identifier: MIT

internal import NIOCore

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Why an address cannot be listened on, and what to do about it.
enum ListenFailure {
    static func text(_ error: any Error, _ address: ListenAddress) -> String {
        switch address {
        case .tcp(let host, let port):
            let place = "\(host.contains(":") ? "[\(host)]" : host):\(port)"
            return "cannot listen on \(place): " + reason(error)
        case .unix(let path):
            return "cannot listen on unix:\(path): " + reason(path: path, error)
        }
    }

    private static func reason(_ error: any Error) -> String {
        guard let error = error as? IOError else { return "\(error)" }
        return switch error.errnoCode {
        case EADDRINUSE: "the port is in use; stop the other program or choose another with --port"
        case EACCES: "not permitted; ports below 1024 need privileges"
        case EADDRNOTAVAIL: "this machine has no such address"
        default: String(cString: strerror(error.errnoCode))
        }
    }

    private static func reason(path: String, _ error: any Error) -> String {
        switch error {
        case UnixSocketFile.Obstacle.inUse: return "another program answers there"
        case UnixSocketFile.Obstacle.notASocket:
            return "there is a file that is no socket; remove it or choose another path"
        case UnixSocketFile.Obstacle.system(let code): return String(cString: strerror(code))
        case let error as IOError: return String(cString: strerror(error.errnoCode))
        default: return "\(error)"
        }
    }
}

// SPDX-License-Identifier: MIT

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What systemd and its like hand over and want to hear: sd_listen_fds(3) and sd_notify(3), which are two environment
/// variables and one datagram.
enum ServiceManager {
    enum State {
        case ready, reloading, stopping

        fileprivate var text: String {
            switch self {
            case .ready: "READY=1"
            case .stopping: "STOPPING=1"
            case .reloading:
                // Type=notify-reload wants to know when.
                "RELOADING=1\nMONOTONIC_USEC=\(microseconds)"
            }
        }

        private var microseconds: Int64 {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            return Int64(time.tv_sec) &* 1_000_000 &+ Int64(time.tv_nsec / 1000)
        }
    }

    /// The listening sockets that are meant for this process, from descriptor 3 on, and their names, as far as they
    /// have any; nil when there are none.
    static func takeSockets() -> (descriptors: [Int32], names: [String])? {
        let variables = Environment.variables
        // Commands that scripts run are not meant.
        for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { unsetenv(name) }
        guard variables["LISTEN_PID"] == "\(getpid())",
            let count = variables["LISTEN_FDS"].flatMap({ Int32($0) }), (1...1024).contains(count)
        else { return nil }
        for descriptor in 3..<(3 + count) { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        let names = (variables["LISTEN_FDNAMES"] ?? "").split(
            separator: ":", omittingEmptySubsequences: false)
        return (Array(3..<(3 + count)), names.map(String.init))
    }

    /// Says it to who started the process, if that wants to hear it.
    static func say(_ state: State) {
        guard let path = getenv("NOTIFY_SOCKET").map({ String(cString: $0) }), path.utf8.count > 1 else {
            return
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(path.utf8)
        guard name.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        // "@name" is a name in the abstract namespace, which begins with a NUL.
        if name[0] == UInt8(ascii: "@") { name[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        #if canImport(Glibc)
        let socket = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        #else
        let socket = socket(AF_UNIX, SOCK_DGRAM, 0)
        #endif
        guard socket >= 0 else { return }
        defer { close(socket) }
        let text = Array(state.text.utf8)
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = sendto(socket, text, text.count, 0, $0, length)
            }
        }
    }
}

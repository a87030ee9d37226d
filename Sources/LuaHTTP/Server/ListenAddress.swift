// SPDX-License-Identifier: MIT

/// Where to listen, as written: `127.0.0.1:8080`, `[::1]:8080`, `localhost:80`, `:8080` (all IPv4 addresses),
/// `8080`, `unix:/run/app.sock`. Pure.
enum ListenAddress: Sendable, Equatable, CustomStringConvertible {
    case tcp(host: String, port: Int)
    case unix(path: String)

    /// sun_path of sockaddr_un, its NUL included: 108 bytes on Linux, 104 elsewhere.
    private static let longestPath = 103

    init?(_ text: String) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard !path.isEmpty, path.utf8.count <= Self.longestPath, !path.utf8.contains(0) else {
                return nil
            }
            self = .unix(path: path)
            return
        }
        var host = text[..<text.startIndex]
        var port = text[...]
        if let colon = text.lastIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":") else { return nil }
        } else if host.contains(":") {
            return nil  // an IPv6 address without brackets: where does the port begin?
        }
        guard !port.isEmpty, port.utf8.allSatisfy(ASCII.isDigit), let number = Int(port), number <= 65535,
            !host.contains(where: { $0 == "/" || $0 == " " })
        else { return nil }
        self = .tcp(host: host.isEmpty ? "0.0.0.0" : String(host), port: number)
    }

    static let help = "must be host:port, [ipv6]:port, :port or unix:/path"

    /// As a URL, or as it is written.
    var description: String {
        switch self {
        case .tcp(let host, let port): "http://\(host.contains(":") ? "[\(host)]" : host):\(port)/"
        case .unix(let path): "unix:" + path
        }
    }

    var hostAndPort: (String, Int)? {
        guard case .tcp(let host, let port) = self else { return nil }
        return (host, port)
    }

    /// Nobody else on the network can connect.
    var isLocal: Bool {
        switch self {
        case .tcp(let host, _): host == "localhost" || host == "::1" || host.hasPrefix("127.")
        case .unix: true
        }
    }
}

// SPDX-License-Identifier: MIT

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A blocking TCP connection that sends bytes as they are given and reads HTTP/1.1 answers strictly.
final class Connection {
    private let socket: Int32
    private var buffer: [UInt8] = []

    convenience init(port: UInt16) throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        try self.init(family: AF_INET, address)
    }

    /// To a Unix-domain socket.
    convenience init(path: String) throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) {
            $0.copyBytes(from: Array(path.utf8).prefix($0.count - 1))
        }
        try self.init(family: AF_UNIX, address)
    }

    private init<Address>(family: Int32, _ address: Address) throws {
        #if canImport(Glibc)
        socket = Glibc.socket(family, Int32(SOCK_STREAM.rawValue), 0)
        #else
        socket = Darwin.socket(family, SOCK_STREAM, 0)
        #endif
        var timeout = timeval(tv_sec: Int(Command.patience), tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        let status = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<Address>.size))
            }
        }
        guard status == 0 else {
            close(socket)
            throw Command.Failure(description: "cannot connect: \(String(cString: strerror(errno)))")
        }
    }

    deinit { close(socket) }

    /// Sends FIN: nothing more comes from here.
    func finishSending() { shutdown(socket, Int32(SHUT_WR)) }

    /// Breaks the connection: the peer gets RST.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        // A socket that was never connected takes the place of the closed descriptor.
        #if canImport(Glibc)
        let other = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
        let other = Darwin.socket(AF_INET, SOCK_STREAM, 0)
        #endif
        dup2(other, socket)
        close(other)
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { rest in
                #if canImport(Glibc)
                Glibc.send(socket, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
                #else
                Darwin.send(socket, rest.baseAddress, rest.count, 0)
                #endif
            }
            guard count > 0 else { throw Command.Failure(description: "cannot send") }
            sent += count
        }
    }

    static func bytes(
        of method: String, _ target: String, headers: [String: String] = [:], body: String? = nil
    ) -> [UInt8] {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if let body { head += "Content-Length: \(body.utf8.count)\r\n" }
        return Array((head + "\r\n" + (body ?? "")).utf8)
    }

    /// Reads so many bytes and forgets them.
    func skip(_ count: Int) throws {
        var left = count
        while left > 0 {
            if buffer.isEmpty, try !fill() { throw Command.Failure(description: "closed by the peer") }
            let taken = min(left, buffer.count)
            buffer.removeFirst(taken)
            left -= taken
        }
    }

    /// True when the peer closes with nothing more to say.
    func isClosedByPeer() throws -> Bool { try buffer.isEmpty && !fill() }

    /// Reads an interim answer (1xx), which is a head and nothing else.
    func interim() throws -> Int { Response(head: try take(through: "\r\n\r\n")).status }

    /// Reads up to and with `end`, as it comes.
    func text(through end: String) throws -> String {
        String(decoding: try take(through: end), as: UTF8.self)
    }

    /// Reads one answer; bytes after it stay for the next.
    func response(to method: String = "GET", skipsInterim: Bool = false) throws -> Response {
        var response = Response(head: try take(through: "\r\n\r\n"))
        while skipsInterim, response.status < 200 { response = Response(head: try take(through: "\r\n\r\n")) }
        if method == "HEAD" || response.status == 204 || response.status == 304 { return response }
        if response["transfer-encoding"] == "chunked" {
            response.body = try chunks()
        } else if let length = response["content-length"].flatMap({ Int($0) }) {
            response.body = try take(length)
        } else {
            while try fill() {}
            response.body = try take(buffer.count)
        }
        return response
    }

    private func chunks() throws -> [UInt8] {
        var body: [UInt8] = []
        while true {
            let line = String(decoding: try take(through: "\r\n").dropLast(2), as: UTF8.self)
            guard let size = Int(line, radix: 16) else {
                throw Command.Failure(description: "chunk size \(line)")
            }
            body += try take(size)
            guard try take(2) == [13, 10] else { throw Command.Failure(description: "chunk without CRLF") }
            if size == 0 { return body }
        }
    }

    private func take(through end: String) throws -> [UInt8] {
        while true {
            if let range = buffer.firstRange(of: Array(end.utf8)) { return try take(range.upperBound) }
            guard try fill() else {
                throw Command.Failure(
                    description: "closed inside an answer: \(String(decoding: buffer, as: UTF8.self))")
            }
        }
    }

    private func take(_ count: Int) throws -> [UInt8] {
        while buffer.count < count {
            guard try fill() else { throw Command.Failure(description: "closed inside an answer") }
        }
        defer { buffer.removeFirst(count) }
        return Array(buffer[..<count])
    }

    /// Waits for the next bytes and keeps them for `response`. False at the end.
    func receiveSome() throws -> Bool { try fill() }

    /// False at the end.
    private func fill() throws -> Bool {
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(socket, &chunk, chunk.count, 0)
        guard count >= 0 else {
            throw Command.Failure(description: "cannot receive: \(String(cString: strerror(errno)))")
        }
        buffer += chunk[..<count]
        return count > 0
    }
}

/// An answer as it came.
struct Response {
    let status: Int
    private let fields: [(name: String, value: String)]
    var body: [UInt8] = []

    init(head: [UInt8]) {
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        status = lines.first.flatMap { Int($0.dropFirst("HTTP/1.1 ".count).prefix(3)) } ?? 0
        fields = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (parts[0].lowercased(), String(parts.count > 1 ? parts[1].drop { $0 == " " } : ""))
        }
    }

    /// The first field of that name, in lower case.
    subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

    func all(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

    var text: String { String(decoding: body, as: UTF8.self) }
}

// SPDX-License-Identifier: MIT

import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What stands in for systemd: receives datagrams, and listens on a port for somebody else.
final class DatagramSocket {
    private let socket: Int32

    /// - Parameter path: one that begins with NUL is in the abstract namespace.
    init(path: String) throws {
        #if canImport(Glibc)
        socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        #else
        socket = Darwin.socket(AF_UNIX, SOCK_DGRAM, 0)
        #endif
        var timeout = timeval(tv_sec: Int(Command.patience), tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + path.utf8.count)
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, length) }
        }
        guard status == 0 else { throw Command.Failure(description: "cannot bind \(path)") }
    }

    deinit { close(socket) }

    /// The next datagram.
    func receive() throws -> String {
        var room = [UInt8](repeating: 0, count: 4096)
        let count = recv(socket, &room, room.count, 0)
        guard count >= 0 else { throw Command.Failure(description: "no datagram") }
        return String(decoding: room[..<count], as: UTF8.self)
    }

    /// A TCP socket that listens on a free port of this machine.
    static func listen() throws -> (FileHandle, UInt16) {
        #if canImport(Glibc)
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
        let socket = Darwin.socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(socket, pointer, length) == 0 && Self.systemListen(socket) == 0
                    && getsockname(socket, pointer, &length) == 0
            }
        }
        guard status else { throw Command.Failure(description: "cannot listen") }
        return (FileHandle(fileDescriptor: socket, closeOnDealloc: true), UInt16(bigEndian: address.sin_port))
    }

    private static func systemListen(_ socket: Int32) -> Int32 {
        #if canImport(Glibc)
        Glibc.listen(socket, 16)
        #else
        Darwin.listen(socket, 16)
        #endif
    }
}

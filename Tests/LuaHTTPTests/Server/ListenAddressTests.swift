// SPDX-License-Identifier: MIT

import Foundation
import Testing

@testable import LuaHTTP

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

struct ListenAddressTests {
    @Test(
        arguments: [
            ("127.0.0.1:8080", .tcp(host: "127.0.0.1", port: 8080)),
            ("[::1]:80", .tcp(host: "::1", port: 80)),
            ("localhost:0", .tcp(host: "localhost", port: 0)), (":8080", .tcp(host: "0.0.0.0", port: 8080)),
            ("8080", .tcp(host: "0.0.0.0", port: 8080)), ("unix:/run/a b.sock", .unix(path: "/run/a b.sock")),
            ("unix:x", .unix(path: "x")), ("", nil), (":", nil), ("host", nil), ("host:", nil),
            ("::1:80", nil),
            ("a:65536", nil), ("a:-1", nil), ("a:8 0", nil), ("[::1]", nil), ("[x]:1", nil),
            ("http://a:1", nil),
            ("unix:", nil), ("unix:/" + String(repeating: "x", count: 110), nil), ("a:١", nil),
            ("a b:1", nil),
        ] as [(String, ListenAddress?)])
    func addresses(text: String, address: ListenAddress?) {
        #expect(ListenAddress(text) == address)
    }

    @Test func howTheyAreShown() {
        #expect(ListenAddress("[::1]:80")?.description == "http://[::1]:80/")
        #expect(ListenAddress("unix:/x")?.description == "unix:/x")
        #expect(ListenAddress("127.3.0.1:1")?.isLocal == true && ListenAddress(":1")?.isLocal == false)
    }
}

struct UnixSocketFileTests {
    /// A listening socket at `path`; the caller closes it.
    private func listen(_ path: String) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                precondition(bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0)
            }
        }
        precondition(systemListen(descriptor) == 0)
        return descriptor
    }

    @Test func aStaleSocketMakesWayAndALiveOneDoesNot() throws {
        let directory = TemporaryDirectory()
        let file = UnixSocketFile(path: directory.path + "/s")
        try file.clear()  // nothing there
        let live = listen(file.path)
        #expect {
            try file.clear()
        } throws: {
            if case UnixSocketFile.Obstacle.inUse = $0 { true } else { false }
        }
        close(live)
        try file.clear()
        #expect(access(file.path, F_OK) != 0)
    }

    @Test func anyOtherFileIsLeftAlone() throws {
        let directory = TemporaryDirectory()
        directory.write("s", "precious")
        #expect {
            try UnixSocketFile(path: directory.path + "/s").clear()
        } throws: {
            if case UnixSocketFile.Obstacle.notASocket = $0 { true } else { false }
        }
        #expect(access(directory.path + "/s", F_OK) == 0)
    }

    @Test func onlyOurOwnIsRemovedAtTheEnd() throws {
        let directory = TemporaryDirectory()
        let file = UnixSocketFile(path: directory.path + "/s")
        let first = listen(file.path)
        let identity = try file.claim(permissions: 0o600)
        let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        unlink(file.path)
        let second = listen(file.path)
        file.remove(identity)
        #expect(access(file.path, F_OK) == 0)
        file.remove(try file.claim(permissions: 0o666))
        #expect(access(file.path, F_OK) != 0)
        close(first)
        close(second)
    }
}

/// `listen` where a method of that name hides it.
private func systemListen(_ descriptor: Int32) -> Int32 { listen(descriptor, 1) }

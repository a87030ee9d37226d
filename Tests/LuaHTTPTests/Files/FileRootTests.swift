// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Every case by openat2 and without it.
@Suite(.serialized)
struct FileRootTests {
    private func outcome(_ root: FileRoot, _ path: String) throws -> String {
        let path = try StaticPath(decoded: Array(path.utf8))
        switch root.open(path) {
        case .file(let file):
            var buffer = [UInt8](repeating: 0, count: 256)
            let count = read(file.descriptor, &buffer, 256)
            #expect(Int64(count) == file.status.size)
            return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        case .directory: return "(directory)"
        case .notFound: return "(not found)"
        case .forbidden: return "(forbidden)"
        case .failed(let code): return "(errno \(code))"
        }
    }

    private func populated() -> TemporaryDirectory {
        let directory = TemporaryDirectory()
        directory.write("secret", "secret")
        directory.makeDirectory("outside")
        directory.write("outside/file", "secret")
        directory.makeDirectory("root")
        directory.write("root/a.txt", "a")
        directory.write("root/empty")
        directory.makeDirectory("root/dir")
        directory.write("root/dir/index.html", "index")
        directory.write("root/dir/b", "b")
        directory.makeDirectory("root/bare")
        directory.makeDirectory("root/odd")
        directory.makeDirectory("root/odd/index.html")
        directory.link("root/inner", to: "a.txt")
        directory.link("root/innerdir", to: "dir")
        directory.link("root/up", to: "../secret")
        directory.link("root/updir", to: "../outside")
        directory.link("root/absolute", to: "/etc/hostname")
        directory.link("root/absolutedir", to: "/")
        directory.link("root/round", to: "../root/a.txt")
        directory.link("root/loop", to: "loop")
        directory.link("root/dangling", to: "nowhere")
        directory.link("root/magic", to: "/proc/self/root/etc/hostname")
        precondition(mkfifo("\(directory.path)/root/fifo", 0o644) == 0)
        return directory
    }

    @Test(arguments: [true, false])
    func onlyRegularFilesBelowTheRootAreOpened(beneath: Bool) throws {
        let directory = populated()
        let root = try FileRoot(path: "\(directory.path)/root", resolvesBeneath: beneath)
        let followed = { (text: String) in beneath ? text : "(not found)" }
        let cases = [
            ("a.txt", "a"), ("empty", ""), ("dir/b", "b"), ("dir/", "index"), ("dir", "(directory)"),
            ("bare/", "(not found)"), ("bare", "(directory)"), ("", "(not found)"), ("odd/", "(not found)"),
            ("a.txt/", "(not found)"), ("a.txt/b", "(not found)"), ("nothing", "(not found)"),
            ("inner", followed("a")), ("innerdir/b", followed("b")), ("innerdir/", followed("index")),
            ("up", "(not found)"), ("updir/file", "(not found)"), ("absolute", "(not found)"),
            ("absolutedir/etc/hostname", "(not found)"), ("round", "(not found)"), ("loop", "(not found)"),
            ("dangling", "(not found)"), ("magic", "(not found)"), ("fifo", "(not found)"),
        ]
        for (path, expected) in cases {
            #expect(try outcome(root, path) == expected, "\(path)")
        }
    }

    @Test(.enabled(if: getuid() != 0), arguments: [true, false])
    func unreadableFileIsForbidden(beneath: Bool) throws {
        let directory = populated()
        chmod("\(directory.path)/root/a.txt", 0)
        let root = try FileRoot(path: "\(directory.path)/root", resolvesBeneath: beneath)
        #expect(try outcome(root, "a.txt") == "(forbidden)")
    }

    @Test(arguments: [true, false])
    func socketIsNotFound(beneath: Bool) throws {
        let directory = populated()
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) {
            $0.copyBytes(from: "\(directory.path)/root/socket".utf8)
        }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(bound == 0)
        let root = try FileRoot(path: "\(directory.path)/root", resolvesBeneath: beneath)
        #expect(try outcome(root, "socket") == "(not found)")
    }

    @Test(arguments: [true, false])
    func longAndDeepPathsAreOnlyNotFound(beneath: Bool) throws {
        let directory = populated()
        let root = try FileRoot(path: "\(directory.path)/root", resolvesBeneath: beneath)
        #expect(try outcome(root, String(repeating: "dir/", count: 500) + "b") == "(not found)")
        #expect(try outcome(root, String(repeating: "x", count: 255)) == "(not found)")
        #expect(try outcome(root, String(repeating: "abc/", count: 1023) + "abc") == "(not found)")
    }

    @Test(arguments: [true, false])
    func linkSwappedForAFileNeverLeaks(beneath: Bool) throws {
        let directory = populated()
        let root = try FileRoot(path: "\(directory.path)/root", resolvesBeneath: beneath)
        for round in 0..<2000 {
            let name = "\(directory.path)/root/swap"
            unlink(name)
            if round % 2 == 0 {
                directory.link("root/swap", to: "../secret")
            } else {
                directory.write("root/swap", "own")
            }
            #expect(try outcome(root, "swap") == (round % 2 == 0 ? "(not found)" : "own"))
        }
    }

    @Test(arguments: [true, false])
    func descriptorsAreClosed(beneath: Bool) throws {
        let directory = populated()
        let before = openDescriptors()
        do {
            let root = try FileRoot(path: "\(directory.path)/root", resolvesBeneath: beneath)
            for path in ["a.txt", "dir/", "dir", "fifo", "up", "nothing/x", "dir/b/c"] {
                for _ in 0..<20 { _ = try outcome(root, path) }
            }
        }
        // Other tests of the process open and close files too; hundreds would be ours.
        #expect(openDescriptors() - before < 60)
    }

    private func openDescriptors() -> Int {
        (0..<1024).count { fcntl(Int32($0), F_GETFD) >= 0 }
    }

    @Test func takenDescriptorStaysOpen() throws {
        let directory = populated()
        let root = try FileRoot(path: "\(directory.path)/root")
        guard case .file(let file) = root.open(try StaticPath(decoded: Array("a.txt".utf8))) else {
            Issue.record("not opened")
            return
        }
        let descriptor = file.takeDescriptor()
        #expect(fcntl(descriptor, F_GETFD) == FD_CLOEXEC)
        close(descriptor)
    }

    @Test func missingRootSaysWhy() {
        #expect { try FileRoot(path: "/nonexistent/root") } throws: { "\($0)" == "No such file or directory" }
    }

    #if os(Linux)
    @Test func kernelOfThisMachineResolvesBeneath() throws {
        let descriptor = open("/", O_DIRECTORY | O_CLOEXEC)
        defer { close(descriptor) }
        // Fails on a kernel before 5.6, where the tests above then take one way twice.
        #expect(OpenBeneath.works(in: descriptor))
        #expect(!OpenBeneath.works(in: -1))
    }
    #endif
}

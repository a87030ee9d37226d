// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import LuaHTTP

@Suite("UploadFile")
struct UploadFileTests {
    private func cString(_ path: String) -> [CChar] { Array(path.utf8CString) }

    private func text(_ path: [CChar]) -> String {
        String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private func names(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }

    @Test("bytes are read back as they were written", arguments: [false, true])
    func bytes(isNamed: Bool) throws {
        try TemporaryDirectory.with { directory in
            let file = try UploadFile(in: cString(directory.path), isNamed: isNamed)
            try file.write(Array("hello".utf8), at: 0)
            try file.write(Array("!".utf8), at: 5)
            #expect(try file.read(at: 0, count: 100).text == "hello!")
            #expect(try file.read(at: 4, count: 1).text == "o")
            #expect(try file.read(at: 6, count: 1).isEmpty)
            let path = text(file.path)
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "hello!")
        }
    }

    @Test("nothing is left of it, and it has no name where the system allows that", arguments: [false, true])
    func gone(isNamed: Bool) throws {
        try TemporaryDirectory.with { directory in
            var file: UploadFile? = try UploadFile(in: cString(directory.path), isNamed: isNamed)
            #if os(Linux)
            #expect(try names(directory.path).isEmpty != isNamed)
            #endif
            withExtendedLifetime(file) {}
            file = nil
            #expect(try names(directory.path).isEmpty)
        }
    }

    @Test("it is kept under a name, whole, once", arguments: [false, true])
    func save(isNamed: Bool) throws {
        try TemporaryDirectory.with { directory in
            let path = cString(directory.path + "/kept")
            let file = try UploadFile(in: cString(directory.path), isNamed: isNamed)
            try file.write(Array("content".utf8), at: 0)
            try UploadSaving.save(file, size: 7, as: path, replaces: false, mayLink: true)
            #expect(throws: SystemError(code: EEXIST)) {
                try UploadSaving.save(file, size: 7, as: path, replaces: false, mayLink: true)
            }
            let copy = cString(directory.path + "/copy")
            try UploadSaving.save(file, size: 7, as: copy, replaces: false, mayLink: false)
            try UploadSaving.save(Array("other".utf8), as: path, replaces: true)
            #expect(try String(contentsOfFile: directory.path + "/kept", encoding: .utf8) == "other")
            #expect(try String(contentsOfFile: directory.path + "/copy", encoding: .utf8) == "content")
        }
    }

    @Test("what is kept has the rights of any new file")
    func mode() throws {
        try TemporaryDirectory.with { directory in
            let file = try UploadFile(in: cString(directory.path))
            try UploadSaving.save(
                file, size: 0, as: cString(directory.path + "/a"), replaces: false, mayLink: true)
            directory.write("b")
            let modes = try ["/a", "/b"].map {
                try FileManager.default.attributesOfItem(atPath: directory.path + $0)[.posixPermissions]
                    as? Int
            }
            #expect(modes[0] == modes[1] && modes[0] != nil)
        }
    }

    @Test("a directory that is not there is an error, and leaves nothing")
    func missing() throws {
        #expect(throws: SystemError(code: ENOENT)) { try UploadFile(in: cString("/no/such/directory")) }
        #expect(UploadDirectory(path: "/no/such/directory").fault == SystemError(code: ENOENT))
        #expect(throws: SystemError(code: ENOENT)) {
            try UploadSaving.save([1], as: cString("/no/such/directory/x"), replaces: true)
        }
    }

    @Test("what a process left behind is deleted, what a living one uses is not")
    func clean() throws {
        try TemporaryDirectory.with { directory in
            let used = try UploadFile(in: cString(directory.path), isNamed: true)
            let old = Date(timeIntervalSinceNow: -1000)
            for name in [UploadFile.prefix + "left", UploadFile.prefix + "new", "other"] {
                directory.write(name)
            }
            for name in try names(directory.path) where name != UploadFile.prefix + "new" {
                try FileManager.default.setAttributes(
                    [.modificationDate: old], ofItemAtPath: directory.path + "/" + name)
            }
            UploadDirectory(path: directory.path).clean()
            let usedName = text(used.path).split(separator: "/").last.map(String.init)
            #expect(
                try names(directory.path) == [usedName ?? "", UploadFile.prefix + "new", "other"].sorted())
        }
    }
}

extension UploadFileTests {
    @Test("what was too new at the start is deleted a while later, unless the server has ended by then")
    func cleanAgain() async throws {
        let directory = TemporaryDirectory()
        directory.write(UploadFile.prefix + "left")
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -1000)],
            ofItemAtPath: directory.path + "/" + UploadFile.prefix + "left")
        let uploads = UploadDirectory(path: directory.path)
        let called = uploads.cleanAgain()
        called.cancel()
        await #expect(throws: CancellationError.self) { try await called.value }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).count == 1)
        try await uploads.cleanAgain(after: .milliseconds(1)).value
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)
        withExtendedLifetime(directory) {}
    }
}

extension TemporaryDirectory {
    /// Removed when `body` returns, not before.
    fileprivate static func with(_ body: (TemporaryDirectory) throws -> Void) rethrows {
        let directory = TemporaryDirectory()
        try withExtendedLifetime(directory) { try body(directory) }
    }
}

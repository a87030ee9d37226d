// SPDX-License-Identifier: MIT

import Foundation
import Logging
import NIOCore
import Testing

@testable import LuaHTTP

/// Where access logs go: files, and pipes that nobody reads.
@Suite struct LogOutputTests {
    private func with(_ name: String, _ body: (String) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "log-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try await body(directory.appending(path: name).path)
    }

    private let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }

    @Test func linesAreAppendedAndTheFileIsOpenedAnew() async throws {
        try await with("access.log") { path in
            try Data("old\n".utf8).write(to: URL(filePath: path))
            let output = try LogOutput(path: path, logger: silent)
            output.write(ByteBuffer(string: "one\n"), lines: 1)
            while text(path) != "old\none\n" { try await Task.sleep(for: .milliseconds(2)) }
            try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
            output.write(ByteBuffer(string: "two\n"), lines: 1)
            output.reopen()
            output.write(ByteBuffer(string: "three\n"), lines: 1)
            await output.close(within: 30)
            #expect(text(path + ".1") == "old\none\ntwo\n")
            #expect(text(path) == "three\n")
            #expect(output.droppedLines == 0)
            output.write(ByteBuffer(string: "late\n"), lines: 1)
            #expect(text(path) == "three\n")
        }
    }

    @Test func aPipeThatNobodyReadsDropsLinesAndHoldsNobodyUp() async throws {
        try await with("pipe") { path in
            #expect(mkfifo(path, 0o600) == 0)
            let reader = open(path, O_RDONLY | O_NONBLOCK)
            defer { close(reader) }
            let output = try LogOutput(path: path, logger: silent)
            let batch = ByteBuffer(string: String(repeating: "0123456789abcde\n", count: 4096))
            for _ in 0..<200 { output.write(batch, lines: 4096) }
            let dropped = output.droppedLines
            #expect(dropped >= 100 * 4096)
            // What it takes when it is read again is whole lines.
            var bytes: [UInt8] = []
            var room = [UInt8](repeating: 0, count: 64 << 10)
            while bytes.count < 1 << 20 {
                let count = read(reader, &room, room.count)
                if count > 0 { bytes += room[..<count] } else { try await Task.sleep(for: .milliseconds(1)) }
            }
            #expect(bytes.split(separator: 10).dropLast().allSatisfy { $0.count == 15 })
            await output.close(within: 0)
        }
    }

    @Test func aFileThatCannotBeOpenedIsSaid() {
        #expect(throws: SystemError.self) { try LogOutput(path: "/nowhere/at/all.log", logger: silent) }
    }
}

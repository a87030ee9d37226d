// SPDX-License-Identifier: MIT

import Foundation
import Testing

/// The raw HTTP/1.1 cases that are kept outside of this package: in the folder that LUAHTTPD_CONFORMANCE
/// names, or beside the checkout. Needs python3.
@Suite("conformance")
struct ConformanceTests {
    @Test(
        "all cases hold, sent as they are and with every byte in a segment of its own",
        arguments: [false, true])
    func http1(byBytes: Bool) throws {
        guard let folder = Self.folder, let python = Self.python else {
            print(
                "The HTTP/1.1 cases were not run: set LUAHTTPD_CONFORMANCE to their folder; python3 is needed."
            )
            return
        }
        let source = """
            local app = require "luahttpd"
            app:get("/", function(req) return app.text("hello") end)
            app:post("/echo", function(req) return app.text(req.body) end)
            app:get("/headers", function(req)
              local headers = {}
              for name, value in pairs(req.headers) do headers[name] = value end
              return app.json(headers)
            end)
            """
        let cases = folder.appending(path: "http1_cases.jsonl")
        let files = byBytes ? ["cases.jsonl": try Self.cutIntoBytes(cases)] : [:]
        try RunningServer.with(
            source: source, ["--prod", "--workers", "1", "--no-access-log"], files: files
        ) { server in
            let runner = Process()
            runner.executableURL = python
            runner.arguments = [
                folder.appending(path: "http1_runner.py").path, "127.0.0.1", "\(server.port)",
                byBytes ? "cases.jsonl" : cases.path, "-j", "16",
            ]
            runner.currentDirectoryURL = server.command.directory
            let output = Pipe()
            runner.standardOutput = output
            try runner.run()
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            runner.waitUntilExit()
            #expect(runner.terminationStatus == 0, "\(text)")
            #expect(text.contains(" 0 failed"))
        }
    }

    /// The same cases, each to be sent in pieces of one byte.
    private static func cutIntoBytes(_ file: URL) throws -> String {
        try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { line in
            guard var each = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
                return String(line)
            }
            each["chunk"] = 1
            each["delay_ms"] = 0
            each["pause_at"] = nil
            return String(decoding: try JSONSerialization.data(withJSONObject: each), as: UTF8.self)
        }.joined(separator: "\n")
    }

    private static let folder: URL? = {
        let named = ProcessInfo.processInfo.environment["LUAHTTPD_CONFORMANCE"].map { URL(filePath: $0) }
        let root = named ?? Project.root.appending(path: "../shared/conformance").standardizedFileURL
        let folder = root.appending(path: "http1")
        return FileManager.default.fileExists(atPath: folder.appending(path: "http1_runner.py").path)
            ? folder : nil
    }()

    private static let python: URL? = (ProcessInfo.processInfo.environment["PATH"] ?? "")
        .split(separator: ":").map { URL(filePath: String($0)).appending(path: "python3") }
        .first { FileManager.default.isExecutableFile(atPath: $0.path) }
}

// SPDX-License-Identifier: MIT

import Foundation
import Testing

/// The raw HTTP/1.1 cases that are kept outside of this package: in the folder that LUAHTTPD_CONFORMANCE
/// names, or beside the checkout. Needs python3.
@Suite("conformance")
struct ConformanceTests {
    /// Must and should-serve cases; hardening that the RFC leaves open is not counted here.
    private static let levels = "must,valid"

    @Test("all cases that must hold do")
    func http1() throws {
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
        try RunningServer.with(source: source, ["--prod", "--workers", "1", "--no-access-log"]) { server in
            let runner = Process()
            runner.executableURL = python
            runner.arguments = [
                folder.appending(path: "http1_runner.py").path, "127.0.0.1", "\(server.port)",
                folder.appending(path: "http1_cases.jsonl").path, "--level", Self.levels, "-j", "4",
            ]
            let output = Pipe()
            runner.standardOutput = output
            try runner.run()
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            runner.waitUntilExit()
            #expect(runner.terminationStatus == 0, "\(text)")
            #expect(text.contains(" 0 failed"))
        }
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

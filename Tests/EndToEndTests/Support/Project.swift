// SPDX-License-Identifier: MIT

import Foundation

/// Where things are: the checkout, the built binary. Knows no machine, only this file's own place.
enum Project {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().standardizedFileURL

    /// `LUAHTTPD_BINARY` if set; else beside the running tests, where SwiftPM builds both; else `.build/debug`.
    static let binary: URL = {
        if let path = ProcessInfo.processInfo.environment["LUAHTTPD_BINARY"] { return URL(filePath: path) }
        let beside = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(
            path: "luahttpd")
        if FileManager.default.isExecutableFile(atPath: beside.path) { return beside }
        return root.appending(path: ".build/debug/luahttpd")
    }()

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }
}

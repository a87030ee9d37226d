// SPDX-License-Identifier: MIT

import Foundation

/// A temporary directory with an app in it; gone when the closure of `with` returns.
struct AppDirectory {
    let url: URL

    /// - Parameter files: path → text; intermediate directories are made.
    static func with<Result>(
        _ files: [String: String], _ body: (AppDirectory) throws -> Result
    ) throws -> Result {
        let url = FileManager.default.temporaryDirectory
            .appending(path: "luahttpd-tests-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: url) }
        let directory = AppDirectory(url: url)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        for (path, text) in files { try directory.write(path, text) }
        return try body(directory)
    }

    func write(_ path: String, _ text: String) throws {
        let file = url.appending(path: path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    /// Puts another file in its place: nobody sees a half of it, nor an empty one.
    func replace(_ path: String, _ text: String) throws {
        try Data(text.utf8).write(to: url.appending(path: path), options: .atomic)
    }

    func path(_ name: String) -> String { url.appending(path: name).path }
}

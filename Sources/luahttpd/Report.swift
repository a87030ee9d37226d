// SPDX-License-Identifier: MIT

import LuaHTTP

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// What the command says on standard error; in colour on a terminal.
enum Report {
    static func failure(_ text: String) { write(colored("error: ", 31) + text + "\n") }

    static func warning(_ text: String) { write(colored("warning: ", 33) + text + "\n") }

    static func note(_ text: String) { write(text + "\n") }

    static func started(_ server: Server, script: String) {
        let workers = server.workerCount == 1 ? "1 worker" : "\(server.workerCount) workers"
        let mode =
            server.isDevelopment
            ? "development: errors are shown in the browser, templates are strict, new globals in handlers are errors"
            : "production: errors show a plain page, details are in the log"
        let watching =
            server.isWatching
            ? "saved files are loaded at once" : "files are not watched, SIGHUP loads the app again"
        let metrics = server.metricsAddress.map { "; metrics on \($0)metrics" } ?? ""
        write(
            "luahttpd \(LuaHTTPVersion.text) (\(LuaHTTPVersion.lua)) serves \(script) on "
                + server.addresses.map { colored($0, 36) }.joined(separator: " and ")
                + " with \(workers)\n\(mode); \(watching)\(metrics)\n")
    }

    private static func colored(_ text: String, _ code: Int) -> String {
        isatty(STDERR_FILENO) == 1 ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    private static func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { systemWrite(STDERR_FILENO, $0) }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }
}

private func systemWrite(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(file, bytes.baseAddress, bytes.count)
}

/// The process's environment.
enum Environment {
    static var variables: [String: String] {
        var found: [String: String] = [:]
        guard var entry = environ as UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? else { return found }
        while let text = entry.pointee {
            let parts = String(cString: text).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { found[String(parts[0])] = String(parts[1]) }
            entry += 1
        }
        return found
    }
}

// SPDX-License-Identifier: MIT

import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Headless Chromium with one page, driven by the DevTools protocol over a pipe: messages in JSON, each ended by
/// NUL, on the descriptors 3 and 4 of the browser.
final class Browser {
    private let process: pid_t
    private let commands: Int32
    private let answers: Int32
    private let profile: URL
    private var received: [UInt8] = []
    private var lastNumber = 0
    private var session: String?

    /// Where the browser is, if it is installed.
    static let path: String? = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    struct Failure: Error, CustomStringConvertible { let description: String }

    init() throws {
        guard let path = Self.path else { throw Failure(description: "Chromium is not installed") }
        profile = FileManager.default.temporaryDirectory.appending(
            path: "luahttpd-browser-\(UUID().uuidString)")
        var (toBrowser, fromBrowser): ([Int32], [Int32]) = ([0, 0], [0, 0])
        guard pipe(&toBrowser) == 0, pipe(&fromBrowser) == 0 else { throw Failure(description: "no pipe") }
        // Copies above what they become: a descriptor that is its own target would stay close-on-exec.
        let input = fcntl(toBrowser[0], F_DUPFD_CLOEXEC, 100)
        let output = fcntl(fromBrowser[1], F_DUPFD_CLOEXEC, 100)
        close(toBrowser[0])
        close(fromBrowser[1])
        for end in [toBrowser[1], fromBrowser[0]] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        process = try Self.spawn(
            [
                path, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions",
                "--disable-dev-shm-usage", "--disable-background-networking", "--remote-debugging-pipe",
                "--user-data-dir=\(profile.path)", "about:blank",
            ], input: input, output: output)
        close(input)
        close(output)
        commands = toBrowser[1]
        answers = fromBrowser[0]
        let target = try call("Target.createTarget", ["url": "about:blank"])["targetId"] as? String ?? ""
        session =
            try call("Target.attachToTarget", ["targetId": target, "flatten": true])["sessionId"] as? String
    }

    deinit {
        kill(process, SIGKILL)
        var status: Int32 = 0
        waitpid(process, &status, 0)
        close(commands)
        close(answers)
        try? FileManager.default.removeItem(at: profile)
    }

    private static func spawn(_ arguments: [String], input: Int32, output: Int32) throws -> pid_t {
        #if canImport(Glibc)
        var actions = posix_spawn_file_actions_t()
        #else
        var actions: posix_spawn_file_actions_t?
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, 3)
        posix_spawn_file_actions_adddup2(&actions, output, 4)
        for stream in [STDOUT_FILENO, STDERR_FILENO] {
            posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_WRONLY, 0)
        }
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var process = pid_t()
        let status = posix_spawn(&process, arguments[0], &actions, nil, &pointers, environ)
        guard status == 0 else { throw Failure(description: "cannot start \(arguments[0]): \(status)") }
        return process
    }

    // MARK: What tests do

    func open(_ url: String) throws { _ = try call("Page.navigate", ["url": url]) }

    /// The value of a JavaScript expression in the page; nil while the page is being loaded.
    func evaluate(_ expression: String) throws -> String? {
        let answer = try call(
            "Runtime.evaluate", ["expression": "String(\(expression))", "returnByValue": true])
        return (answer["result"] as? [String: Any])?["value"] as? String
    }

    /// Waits until an expression has a value.
    func wait(until expression: String, is expected: String) throws {
        let end = Date(timeIntervalSinceNow: Command.patience)
        var last: String?
        while Date() < end {
            last = try evaluate(expression)
            if last == expected { return }
            usleep(20_000)
        }
        throw Failure(description: "\(expression) is \(last ?? "nothing"), not \(expected)")
    }

    /// A picture of the page in PNG, for those who want to look at it.
    func screenshot() throws -> Data {
        let answer = try call("Page.captureScreenshot", [:])
        return Data(base64Encoded: answer["data"] as? String ?? "") ?? Data()
    }

    // MARK: Protocol

    private func call(_ method: String, _ parameters: [String: Any]) throws -> [String: Any] {
        lastNumber += 1
        var message: [String: Any] = ["id": lastNumber, "method": method, "params": parameters]
        if let session { message["sessionId"] = session }
        var bytes = try Array(JSONSerialization.data(withJSONObject: message)) + [0]
        while !bytes.isEmpty {
            let count = write(commands, bytes, bytes.count)
            guard count > 0 else { throw Failure(description: "the browser has gone") }
            bytes.removeFirst(count)
        }
        while true {
            let answer = try nextMessage()
            guard answer["id"] as? Int == lastNumber else { continue }
            return answer["result"] as? [String: Any] ?? [:]
        }
    }

    private func nextMessage() throws -> [String: Any] {
        while true {
            if let end = received.firstIndex(of: 0) {
                let message = Data(received[..<end])
                received.removeFirst(end + 1)
                return try JSONSerialization.jsonObject(with: message) as? [String: Any] ?? [:]
            }
            var waiting = pollfd(fd: answers, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, Int32(Command.patience * 1000)) > 0 else {
                throw Failure(description: "the browser does not answer")
            }
            var chunk = [UInt8](repeating: 0, count: 64 << 10)
            let count = read(answers, &chunk, chunk.count)
            guard count > 0 else { throw Failure(description: "the browser has gone") }
            received += chunk[..<count]
        }
    }
}

// SPDX-License-Identifier: MIT

import Foundation

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A running `luahttpd` with what it has written so far. Its output goes to files, so that it never waits for
/// a reader.
final class Command {
    private let process = Process()
    let directory: URL
    private let outputFile: URL
    private let errorFile: URL

    /// Longest wait for anything that the program owes; far more than it ever takes.
    static let patience: TimeInterval = 60

    struct Failure: Error, CustomStringConvertible { let description: String }

    /// Runs `script` in a shell, whose `$0` is the program.
    convenience init(shell script: String, directory: URL) throws {
        try self.init(
            ["-c", script, Project.binary.path], directory: directory, executable: URL(filePath: "/bin/sh"))
    }

    init(
        _ arguments: [String], environment: [String: String] = [:], directory: URL = Project.root,
        executable: URL = Project.binary, input: FileHandle = .nullDevice
    ) throws {
        self.directory = directory
        let base = FileManager.default.temporaryDirectory.appending(path: "luahttpd-log-\(UUID().uuidString)")
        outputFile = base.appendingPathExtension("out")
        errorFile = base.appendingPathExtension("err")
        for file in [outputFile, errorFile] {
            guard FileManager.default.createFile(atPath: file.path, contents: nil) else {
                throw Failure(description: "cannot create \(file.path)")
            }
        }
        process.executableURL = executable
        process.arguments = arguments
        process.currentDirectoryURL = directory
        // Nothing of the tests' own surroundings changes what the program does.
        var variables = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("LUAHTTPD_") }
        variables.merge(environment) { $1 }
        process.environment = variables
        process.standardInput = input
        process.standardOutput = try FileHandle(forWritingTo: outputFile)
        process.standardError = try FileHandle(forWritingTo: errorFile)
        try process.run()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        for file in [outputFile, errorFile] { try? FileManager.default.removeItem(at: file) }
    }

    var isRunning: Bool { process.isRunning }
    var processIdentifier: Int32 { process.processIdentifier }

    var output: String { Self.text(of: outputFile) }
    var errors: String { Self.text(of: errorFile) }

    private static func text(of file: URL) -> String {
        (try? Data(contentsOf: file)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// KiB of memory in use; nil where /proc does not tell.
    var residentMemory: Int? {
        let status = try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
        let line = status?.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line?.split(separator: " ").compactMap { Int($0) }.first
    }

    func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// Waits until `text` gives something other than nil.
    func wait<Value>(for what: String, _ text: () -> Value?) throws -> Value {
        let end = Date(timeIntervalSinceNow: Self.patience)
        while true {
            if let value = text() { return value }
            guard Date() < end else {
                throw Failure(description: "no \(what); output: \(output); errors: \(errors)")
            }
            usleep(2000)
        }
    }

    /// Waits until it has said `text` on standard error.
    func waitUntilSaid(_ text: String) throws {
        _ = try wait(for: "'\(text)'") { errors.contains(text) ? true : nil }
    }

    /// Waits for the end; the exit code, or 128 and more after a signal.
    func exitCode() throws -> Int32 {
        try wait(for: "exit") {
            guard !process.isRunning else { return nil }
            return process.terminationReason == .exit
                ? process.terminationStatus : 128 + process.terminationStatus
        }
    }

    /// Runs to the end.
    static func run(
        _ arguments: String..., environment: [String: String] = [:], directory: URL = Project.root
    ) throws -> (code: Int32, output: String, errors: String) {
        let command = try Command(arguments, environment: environment, directory: directory)
        let code = try command.exitCode()
        return (code, command.output, command.errors)
    }
}

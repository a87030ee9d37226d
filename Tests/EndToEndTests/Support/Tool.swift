// SPDX-License-Identifier: MIT

import Foundation

/// Programs of the system that the tests use as a client would.
enum Tool {
    struct Result {
        let code: Int32
        let output: String
        let errors: String
    }

    static func run(_ name: String, _ arguments: [String], directory: URL) throws -> Result {
        let path = ["/usr/bin/", "/usr/local/bin/", "/opt/homebrew/bin/"].map { $0 + name }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
        guard let path else { throw Command.Failure(description: "\(name) is not installed") }
        let command = try Command(arguments, directory: directory, executable: URL(filePath: path))
        let code = try command.exitCode()
        return Result(code: code, output: command.output, errors: command.errors)
    }

    /// curl, silent but for errors; what it wrote to standard output.
    static func curl(_ arguments: String..., directory: URL = Project.root) throws -> Result {
        try run("curl", ["-sS", "--max-time", "50"] + arguments, directory: directory)
    }

    /// NAME.pem and NAME.key in the directory.
    static func makeCertificate(_ name: String, for names: String, in directory: URL) throws {
        let made = try run(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-days", "2",
                "-keyout", "\(name).key", "-out", "\(name).pem", "-subj", "/CN=\(name)", "-addext",
                "subjectAltName=\(names)",
            ], directory: directory)
        guard made.code == 0 else { throw Command.Failure(description: made.errors) }
    }
}

// SPDX-License-Identifier: MIT

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Tests/Fixtures/conformance/left-out.txt: recorded cases that are not run, or answered differently on purpose.
struct LeftOutCases {
    /// Name → why it is not run.
    private(set) var excluded: [String: String] = [:]
    /// Name → why the answer differs.
    private(set) var differing: [String: String] = [:]

    static let all: LeftOutCases = {
        var cases = LeftOutCases()
        let path = FixtureTests.directory + "/../conformance/left-out.txt"
        guard let file = fopen(path, "rb") else { return cases }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        while case let byte = fgetc(file), byte != EOF { bytes.append(UInt8(truncatingIfNeeded: byte)) }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") where !line.hasPrefix("#") {
            let bars = line.indices.filter { line[$0] == "|" }
            guard let first = bars.first, let last = bars.last, first < last else { continue }
            let kind = line[..<first].filter { $0 != " " }
            let name = line[line.index(first, offsetBy: 2)..<line.index(before: last)]
            let reason = String(line[line.index(last, offsetBy: 2)...])
            if kind == "excluded" { cases.excluded[String(name)] = reason }
            if kind == "differs" { cases.differing[String(name)] = reason }
        }
        return cases
    }()
}

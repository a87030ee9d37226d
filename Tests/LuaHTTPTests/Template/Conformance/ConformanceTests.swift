// SPDX-License-Identifier: MIT

import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Runs the recorded cases of Jinja2 and minijinja: in the folder that `LUAHTTPD_CONFORMANCE` names, or in
/// shared/conformance beside the checkout. They are other people's texts and not part of this repository.
struct ConformanceTests {
    static let directory: String? = {
        if let named = getenv("LUAHTTPD_CONFORMANCE") { return String(cString: named) }
        let checkout = #filePath.split(separator: "/").dropLast(5).joined(separator: "/")
        let beside = "/" + checkout + "/../shared/conformance"
        return access(beside + "/templates/jinja2.jsonl", R_OK) == 0 ? beside : nil
    }()

    @Test(arguments: ["jinja2", "jinja2_suite", "minijinja"])
    func `recorded cases render the same`(_ file: String) throws {
        guard let directory = Self.directory else {
            print("The recorded cases of \(file) were not run: set LUAHTTPD_CONFORMANCE to their folder.")
            return
        }
        let lines = try Self.read("\(directory)/templates/\(file).jsonl").split(separator: "\n")
        #expect(!lines.isEmpty)
        let tester = RenderTester()
        let leftOut = LeftOutCases.all
        var counts = (passed: 0, excluded: 0, known: 0)
        for line in lines {
            let item = try ConformanceCase(String(line))
            if let exclusion = item.exclusion {
                #expect(leftOut.excluded[item.name] != nil, "\(item.name) is left out: \(exclusion)")
                counts.excluded += 1
                continue
            }
            let (outcome, message) = try item.run(tester)
            if item.agrees(outcome) {
                counts.passed += 1
                #expect(leftOut.differing[item.name] == nil, "\(item.name) agrees by now")
            } else if leftOut.differing[item.name] != nil {
                counts.known += 1
            } else {
                Issue.record("\(item.name): expected \(item.expected), got \(outcome) \(message)")
            }
        }
        print(
            "conformance \(file): \(counts.passed) agree, \(counts.known) differ on purpose, \(counts.excluded) not applicable"
        )
    }

    private static func read(_ path: String) throws -> String {
        struct Unreadable: Error { var path: String }
        guard let file = fopen(path, "rb") else { throw Unreadable(path: path) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}

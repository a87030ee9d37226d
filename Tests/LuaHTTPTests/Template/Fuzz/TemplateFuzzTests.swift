// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Random templates over random data: a short run here, as long a one as one likes by `make fuzz TARGET=template`.
struct TemplateFuzzTests {
    private static func number(_ name: String) -> Int? { getenv(name).flatMap { Int(String(cString: $0)) } }

    private static var isWanted: Bool {
        guard let target = getenv("LUAHTTPD_FUZZ_TARGET").map({ String(cString: $0) }) else { return true }
        return target.isEmpty || target == "template"
    }

    @Test(.enabled(if: TemplateFuzzTests.isWanted))
    func `random templates end as a page or as an error`() throws {
        let rounds = Self.number("LUAHTTPD_FUZZ_ROUNDS") ?? 2000
        var rig = try TemplateFuzzRig()
        var fuzzer = TemplateFuzzer(seed: UInt64(clamping: Self.number("LUAHTTPD_FUZZ_SEED") ?? 20_261_123))
        var counts = (refused: 0, rendered: 0, failed: 0)
        for round in 0..<max(1, rounds) {
            // Data that pages have changed is made anew.
            if round % 100_000 == 99_999 { rig = try TemplateFuzzRig() }
            switch rig.run(&fuzzer) {
            case .refused: counts.refused += 1
            case .rendered: counts.rendered += 1
            case .failed: counts.failed += 1
            }
        }
        // Otherwise the fuzzer tests only the parser, or only what is right.
        #expect(min(counts.rendered, counts.failed, counts.refused) > rounds / 40, "\(counts)")
    }
}

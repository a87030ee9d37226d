// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

/// Random templates over random data, a few thousand of them; Benchmarks/Engine runs as many as one likes.
struct TemplateFuzzTests {
    @Test func `random templates end as a page or as an error`() throws {
        let rig = try TemplateFuzzRig()
        var fuzzer = TemplateFuzzer(seed: 20_261_123)
        var counts = (refused: 0, rendered: 0, failed: 0)
        for _ in 0..<2500 {
            switch rig.run(&fuzzer) {
            case .refused: counts.refused += 1
            case .rendered: counts.rendered += 1
            case .failed: counts.failed += 1
            }
        }
        // Otherwise the fuzzer tests only the parser, or only what is right.
        #expect(counts.rendered > 100 && counts.failed > 100 && counts.refused > 100, "\(counts)")
    }
}

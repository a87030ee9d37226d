// SPDX-License-Identifier: MIT
//
// MicroBenchmark [engine|http|json]  the figures of one part, or of all
// MicroBenchmark fuzz COUNT [SEED]  so many random templates over random data

@testable import LuaHTTP

let arguments = CommandLine.arguments.dropFirst()
if arguments.first == "fuzz" {
    let count = arguments.dropFirst().first.flatMap { Int($0) } ?? 1_000_000
    let seed = arguments.dropFirst(2).first.flatMap { UInt64($0) } ?? 1
    try fuzz(count: count, seed: seed)
} else {
    let wanted = arguments.first
    if wanted == nil || wanted == "http" { try HTTPFigures().print() }
    if wanted == nil || wanted == "json" { try JSONFigures().print() }
    if wanted == nil || wanted == "engine" { try EngineFigures().print() }
}

func fuzz(count: Int, seed: UInt64) throws {
    var fuzzer = TemplateFuzzer(seed: seed)
    var rig = try TemplateFuzzRig()
    var counts = (refused: 0, rendered: 0, failed: 0)
    for number in 1...max(1, count) {
        switch rig.run(&fuzzer) {
        case .refused: counts.refused += 1
        case .rendered: counts.rendered += 1
        case .failed: counts.failed += 1
        }
        if number % 100_000 == 0 {
            print("\(number): \(counts), \(rig.memory >> 10) KiB of Lua, \(residentKiB()) KiB resident")
            // Data that pages changed is made anew.
            rig = try TemplateFuzzRig()
        }
    }
}

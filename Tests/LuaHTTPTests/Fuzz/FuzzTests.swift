// SPDX-License-Identifier: MIT
import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Random input for every parser. `make fuzz ROUNDS=10000000 [TARGET=multipart]` runs it long and fast; a
/// crash is found again by the seed printed before it.
@Suite("Fuzz")
struct FuzzTests {
    private static let rounds = number("LUAHTTPD_FUZZ_ROUNDS") ?? 4000
    private static let firstSeed = UInt64(number("LUAHTTPD_FUZZ_SEED") ?? 1)
    /// Rounds of one seed.
    private static let block = 100_000

    private static func number(_ name: String) -> Int? { variable(name).flatMap { Int($0) } }
    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    private static var targets: [FuzzTarget] {
        guard let name = variable("LUAHTTPD_FUZZ_TARGET"), !name.isEmpty else { return FuzzTarget.all }
        return FuzzTarget.all.filter { $0.description == name }
    }

    @Test("no input breaks a parser", arguments: targets)
    func fuzz(target: FuzzTarget) {
        var seed = Self.firstSeed
        var left = Self.rounds
        while left > 0 {
            if Self.rounds > Self.block { print("fuzz \(target): seed \(seed), \(left) rounds left") }
            var numbers = SeededNumbers(seed: seed)
            for _ in 0..<min(left, Self.block) {
                let bytes = target.mutant(&numbers)
                if let fault = target.fault(bytes, &numbers) {
                    Issue.record("\(target), seed \(seed): \(fault), for \(bytes.text.debugDescription)")
                    return
                }
            }
            left -= Self.block
            seed += 1
        }
    }
}

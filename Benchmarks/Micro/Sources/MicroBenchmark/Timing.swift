// SPDX-License-Identifier: MIT

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Prints the median, lowest and highest of `rounds` rounds, in units of `unit` nanoseconds per turn.
///
/// - Parameter body: one turn; what it returns is added up, so that nothing is optimized away.
func report(_ name: String, unit: Double, _ symbol: String, rounds: Int, turns: Int, _ body: () throws -> Int) rethrows {
    var sink = 0
    for _ in 0..<turns { sink &+= try body() }
    var times: [Double] = []
    for _ in 0..<rounds {
        let start = now()
        for _ in 0..<turns { sink &+= try body() }
        times.append(Double(now() - start) / Double(turns) / unit)
    }
    line(name, times, symbol)
    precondition(sink != .min)
}

/// A line of the table.
func line(_ name: String, _ values: [Double], _ symbol: String) {
    func text(_ value: Double) -> String { String((value * 1000).rounded() / 1000) }
    let sorted = values.sorted()
    print("\(name): \(text(sorted[sorted.count / 2])) \(symbol) [\(text(sorted[0]))-\(text(sorted[sorted.count - 1]))]")
}

/// Nanoseconds of a clock that never goes back.
func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// Memory of this process that is in use.
func residentKiB() -> Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
    let fields = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self).split(
        separator: " ")
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4 : 0
}

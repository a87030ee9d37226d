// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct LimitLogTests {
    private func hit(_ log: inout LimitLog, _ address: String, _ now: UInt64) -> String? {
        log.hit(.headTime, value: 10_000, detail: "408 too slow", address: address, now: now)
    }

    @Test func aLineASecondForEachAddress() {
        var log = LimitLog()
        #expect(hit(&log, "a", 5000) == "limit head_time (10s): 408 too slow, client a")
        #expect(hit(&log, "a", 5001) == nil)
        #expect(hit(&log, "b", 5002) == "limit head_time (10s): 408 too slow, client b")
        #expect(hit(&log, "a", 5999) == nil)
        #expect(
            hit(&log, "a", 6000)
                == "limit head_time (10s): 408 too slow, client a (and 2 times since the last line)")
        #expect(hit(&log, "a", 7000) == "limit head_time (10s): 408 too slow, client a")
        #expect(log.hits == [.headTime: 6])
    }

    @Test func whatIsNotToldIsCounted() {
        var log = LimitLog()
        log.count(.requestsPerConnection)
        #expect(log.hits == [.requestsPerConnection: 1])
        #expect(hit(&log, "a", 5000) == "limit head_time (10s): 408 too slow, client a")
    }

    @Test func manyAddressesShareALine() {
        var log = LimitLog()
        var lines = 0
        for number in 0..<100_000 where hit(&log, "\(number)", 1000) != nil { lines += 1 }
        #expect(lines == 1025)
        // A second later the first ones are forgotten.
        #expect(hit(&log, "x", 3000) != nil)
        #expect(log.hits == [.headTime: 100_001])
    }
}

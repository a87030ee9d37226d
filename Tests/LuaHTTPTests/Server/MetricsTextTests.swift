// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct MetricsTextTests {
    private func counts(_ path: String, _ requests: [(status: Int, milliseconds: Double)]) -> RequestCounts {
        var counts = RequestCounts(key: RequestSeries.Key(methods: "GET", path: path))
        for request in requests {
            counts.add(request.status, nanoseconds: UInt64(request.milliseconds * 1e6))
        }
        return counts
    }

    @Test func requestsAreCountedByRouteAndStatus() {
        var text = MetricsText()
        text.add([
            counts("/users/:id<int>", [(200, 0.1), (404, 3), (200, 0.5), (200, 20_000)]), counts("/none", []),
        ])
        let lines = text.text.split(separator: "\n").map(String.init)
        let labels = "route=\"/users/:id<int>\",methods=\"GET\""
        #expect(lines.contains("luahttpd_requests_total{\(labels),status=\"200\"} 3"))
        #expect(lines.contains("luahttpd_requests_total{\(labels),status=\"404\"} 1"))
        let bucket = "luahttpd_request_duration_seconds_bucket{\(labels),le="
        #expect(lines.contains(bucket + "\"0.0005\"} 2"))
        #expect(lines.contains(bucket + "\"0.0025\"} 2"))
        #expect(lines.contains(bucket + "\"0.005\"} 3"))
        #expect(lines.contains(bucket + "\"10.0\"} 3"))
        #expect(lines.contains(bucket + "\"+Inf\"} 4"))
        #expect(lines.contains("luahttpd_request_duration_seconds_count{\(labels)} 4"))
        #expect(lines.contains("luahttpd_request_duration_seconds_sum{\(labels)} 20.0036"))
        #expect(!text.text.contains("/none"))
    }

    @Test func workersAreAddedUp() {
        var sum = counts("/", [(200, 1)])
        sum.add(counts("/", [(200, 2), (500, 3)]))
        #expect(sum.total == 3)
        #expect(sum.nanoseconds == 6_000_000)
        #expect(sum.statuses.map(\.status) == [200, 500])
    }

    @Test func labelsAreEscaped() {
        var text = MetricsText()
        text.sample("x", [("a", "q\"b\\c\nd")], 1)
        #expect(text.text == "x{a=\"q\\\"b\\\\c\\nd\"} 1\n")
        var joined = MetricsText()
        joined.sample("x", [("a", "\"\u{301}\r\n")], 1)
        #expect(joined.text == "x{a=\"\\\"\u{301}\r\\n\"} 1\n")
    }
}

// SPDX-License-Identifier: MIT
import Testing

@testable import LuaHTTP

@Suite("HTTPDate")
struct HTTPDateTests {
    private func parse(_ text: String) -> Int64? { Array(text.utf8).withUnsafeBytes { HTTPDate.parse($0) } }

    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"), (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ])
    func knownDates(seconds: Int, text: String) {
        #expect(HTTPDate.bytes(Int64(seconds)).text == text)
        #expect(parse(text) == Int64(seconds))
    }

    @Test("every day of five centuries reads back as it was written")
    func everyDay() {
        for day in Int64(0)..<182_625 {
            let seconds = day * 86_400 + (day * 7919) % 86_400
            #expect(HTTPDate.bytes(seconds).withUnsafeBytes(HTTPDate.parse) == seconds)
        }
    }

    @Test("times out of range are clamped, not trapped on")
    func clamped() {
        #expect(HTTPDate.bytes(.min).text == "Thu, 01 Jan 1970 00:00:00 GMT")
        #expect(HTTPDate.bytes(.max).text == "Fri, 31 Dec 9999 23:59:59 GMT")
    }

    @Test(arguments: [
        "", "Yesterday", "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 31 Nov 1994 08:49:37 GMT", "Wed, 29 Feb 2023 00:00:00 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:3x GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT", "Sat, 01 Jan 0000 00:00:00 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ",
    ])
    func refused(text: String) { #expect(parse(text) == nil) }

    @Test("the Date line changes with the second")
    func cache() {
        var cache = DateCache()
        #expect(Array(cache.line(at: 784_111_777)).text == "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n")
        #expect(Array(cache.line(at: 784_111_778)).text == "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n")
        #expect(Array(cache.line(at: 784_111_777)).text == "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n")
    }
}

@Suite("Conditional")
struct ConditionalTests {
    private static let date: Int64 = 784_111_777
    private static let sameDate = "Sun, 06 Nov 1994 08:49:37 GMT"
    private static let earlier = "Sun, 06 Nov 1994 08:49:36 GMT"

    private func decide(
        match: String? = nil, noneMatch: String? = nil, modified: String? = nil, unmodified: String? = nil,
        tag: String = "\"v1\"", date: Int64? = date, isSafe: Bool = true
    ) -> Conditional.Decision {
        let conditional = Conditional(entityTag: Array(tag.utf8), lastModified: date)
        func with(_ text: String?, _ body: (UnsafeRawBufferPointer?) -> Conditional.Decision)
            -> Conditional.Decision
        {
            guard let text else { return body(nil) }
            return Array(text.utf8).withUnsafeBytes { body($0) }
        }
        return with(match) { match in
            with(noneMatch) { none in
                with(modified) { modified in
                    with(unmodified) { unmodified in
                        conditional.decide(
                            .init(
                                ifMatch: match, ifNoneMatch: none, ifModifiedSince: modified,
                                ifUnmodifiedSince: unmodified), isSafe: isSafe)
                    }
                }
            }
        }
    }

    @Test("If-None-Match: weak comparison, lists, commas in tags, star")
    func noneMatch() {
        #expect(decide() == .proceed)
        #expect(decide(noneMatch: "\"v1\"") == .notModified)
        #expect(decide(noneMatch: "W/\"v1\"") == .notModified)
        #expect(decide(noneMatch: "\"v1\"", tag: "W/\"v1\"") == .notModified)
        #expect(decide(noneMatch: "\"v0\" , W/\"v1\"") == .notModified)
        #expect(decide(noneMatch: "\"a,\", \"v1\"") == .notModified)
        #expect(decide(noneMatch: "\"v1,\"") == .proceed)
        #expect(decide(noneMatch: "*") == .notModified)
        #expect(decide(noneMatch: "v1") == .proceed)
        #expect(decide(noneMatch: "\"v1") == .proceed)
        #expect(decide(noneMatch: "\"v1\"", isSafe: false) == .preconditionFailed)
        #expect(decide(noneMatch: "\"\"", tag: "") == .proceed)
    }

    @Test("If-None-Match silences If-Modified-Since, whatever it says")
    func precedence() {
        #expect(decide(noneMatch: "\"v0\"", modified: Self.sameDate) == .proceed)
        #expect(decide(noneMatch: "\"v1\"", modified: Self.earlier) == .notModified)
    }

    @Test("If-Modified-Since: dates, broken dates, other methods")
    func modifiedSince() {
        #expect(decide(modified: Self.sameDate) == .notModified)
        #expect(decide(modified: Self.earlier) == .proceed)
        #expect(decide(modified: "Yesterday") == .proceed)
        #expect(decide(modified: Self.sameDate, isSafe: false) == .proceed)
        #expect(decide(modified: Self.sameDate, date: nil) == .proceed)
    }

    @Test("If-Match is strong and comes before everything")
    func match() {
        #expect(decide(match: "\"v1\"") == .proceed)
        #expect(decide(match: "W/\"v1\"") == .preconditionFailed)
        #expect(decide(match: "\"v0\"", noneMatch: "\"v1\"") == .preconditionFailed)
        #expect(decide(match: "*") == .proceed)
        #expect(decide(unmodified: Self.earlier) == .preconditionFailed)
        #expect(decide(unmodified: Self.sameDate) == .proceed)
        #expect(decide(match: "\"v1\"", unmodified: Self.earlier) == .proceed)
    }

    @Test("If-Range: exact date or strong tag")
    func range() {
        let conditional = Conditional(entityTag: Array("\"v1\"".utf8), lastModified: Self.date)
        func honours(_ text: String) -> Bool {
            Array(text.utf8).withUnsafeBytes { conditional.honoursRange(.init(ifRange: $0)) }
        }
        #expect(conditional.honoursRange(.init()))
        #expect(honours("\"v1\"") && honours(Self.sameDate))
        #expect(!honours("\"v2\"") && !honours("W/\"v1\"") && !honours(Self.earlier) && !honours("x"))
    }
}

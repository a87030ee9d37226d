// SPDX-License-Identifier: MIT
import NIOCore
import Testing

@testable import LuaHTTP

extension RequestHead {
    /// A GET with these lines.
    static func withFields<Result>(of lines: [String], _ body: (borrowing RequestHead) -> Result) -> Result {
        var parser = RequestParser(limits: Limits())
        var head = RequestHead()
        var input = ByteBuffer(
            string: "GET / HTTP/1.1\r\nHost: t\r\n" + lines.map { $0 + "\r\n" }.joined() + "\r\n")
        let isComplete = (try? parser.parse(&input, into: &head)) == true
        #expect(isComplete)
        return body(head)
    }
}

@Suite("Conditional")
struct ConditionalTests {
    private static let date: Int64 = 784_111_777
    private static let sameDate = "Sun, 06 Nov 1994 08:49:37 GMT"
    private static let earlier = "Sun, 06 Nov 1994 08:49:36 GMT"

    private func decide(
        match: [String] = [], noneMatch: [String] = [], modified: String? = nil, unmodified: String? = nil,
        tag: String = "\"v1\"", date: Int64? = date, isSafe: Bool = true
    ) -> Conditional.Decision {
        let conditional = Conditional(entityTag: Array(tag.utf8), lastModified: date)
        let lines =
            match.map { "If-Match: " + $0 } + noneMatch.map { "If-None-Match: " + $0 }
            + (modified.map { ["If-Modified-Since: " + $0] } ?? [])
            + (unmodified.map { ["If-Unmodified-Since: " + $0] } ?? [])
        return RequestHead.withFields(of: lines) { conditional.decide(.init($0), isSafe: isSafe) }
    }

    @Test("If-None-Match: weak comparison, lists, commas in tags, star")
    func noneMatch() {
        #expect(decide() == .proceed)
        #expect(decide(noneMatch: ["\"v1\""]) == .notModified)
        #expect(decide(noneMatch: ["W/\"v1\""]) == .notModified)
        #expect(decide(noneMatch: ["\"v1\""], tag: "W/\"v1\"") == .notModified)
        #expect(decide(noneMatch: ["\"v0\" , W/\"v1\""]) == .notModified)
        #expect(decide(noneMatch: ["\"a,\", \"v1\""]) == .notModified)
        #expect(decide(noneMatch: ["\"v1,\""]) == .proceed)
        #expect(decide(noneMatch: ["*"]) == .notModified)
        #expect(decide(noneMatch: ["v1"]) == .proceed)
        #expect(decide(noneMatch: ["\"v1"]) == .proceed)
        #expect(decide(noneMatch: ["\"v1\""], isSafe: false) == .preconditionFailed)
        #expect(decide(noneMatch: ["\"\""], tag: "") == .proceed)
    }

    @Test("several lines are one list (RFC 9110 §5.3)")
    func lines() {
        #expect(decide(noneMatch: ["\"v0\"", "W/\"v1\""]) == .notModified)
        #expect(decide(noneMatch: ["\"v0\"", "\"v2\", \"v3\""]) == .proceed)
        #expect(decide(noneMatch: ["v0", "\"v1\""]) == .notModified)
        #expect(decide(match: ["\"v0\"", "\"v1\""]) == .proceed)
        #expect(decide(match: ["\"v1\"", "\"v0\""]) == .proceed)
        #expect(decide(match: ["\"v0\"", "\"v2\""]) == .preconditionFailed)
        #expect(decide(match: ["\"v0\"", "*"]) == .proceed)
        #expect(decide(match: [""]) == .preconditionFailed)
    }

    @Test("If-None-Match silences If-Modified-Since, whatever it says")
    func precedence() {
        #expect(decide(noneMatch: ["\"v0\""], modified: Self.sameDate) == .proceed)
        #expect(decide(noneMatch: ["\"v1\""], modified: Self.earlier) == .notModified)
    }

    @Test("If-Modified-Since: dates, broken dates, other methods")
    func modifiedSince() {
        #expect(decide(modified: Self.sameDate) == .notModified)
        #expect(decide(modified: Self.earlier) == .proceed)
        #expect(decide(modified: "Sunday, 06-Nov-94 08:49:37 GMT") == .notModified)
        #expect(decide(modified: "Sun Nov  6 08:49:36 1994") == .proceed)
        #expect(decide(modified: "Yesterday") == .proceed)
        #expect(decide(modified: Self.sameDate, isSafe: false) == .proceed)
        #expect(decide(modified: Self.sameDate, date: nil) == .proceed)
    }

    @Test("If-Match is strong and comes before everything")
    func match() {
        #expect(decide(match: ["\"v1\""]) == .proceed)
        #expect(decide(match: ["W/\"v1\""]) == .preconditionFailed)
        #expect(decide(match: ["\"v0\""], noneMatch: ["\"v1\""]) == .preconditionFailed)
        #expect(decide(match: ["*"]) == .proceed)
        #expect(decide(unmodified: Self.earlier) == .preconditionFailed)
        #expect(decide(unmodified: Self.sameDate) == .proceed)
        #expect(decide(unmodified: "Sun Nov  6 08:49:36 1994") == .preconditionFailed)
        #expect(decide(match: ["\"v1\""], unmodified: Self.earlier) == .proceed)
    }

    @Test("If-Range: exact date or strong tag")
    func range() {
        let conditional = Conditional(entityTag: Array("\"v1\"".utf8), lastModified: Self.date)
        func honours(_ text: String) -> Bool {
            RequestHead.withFields(of: ["If-Range: " + text]) { conditional.honoursRange(.init($0)) }
        }
        #expect(conditional.honoursRange(.init()))
        #expect(honours("\"v1\"") && honours(Self.sameDate) && honours("Sun Nov  6 08:49:37 1994"))
        #expect(!honours("\"v2\"") && !honours("W/\"v1\"") && !honours(Self.earlier) && !honours("x"))
    }
}

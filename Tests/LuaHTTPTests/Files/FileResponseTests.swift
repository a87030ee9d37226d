// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct FileResponseTests {
    private let file = FileStatus(size: 1000, modified: 784_111_777, nanoseconds: 5, inode: 7)
    private let date = "Sun, 06 Nov 1994 08:49:37 GMT"
    private let tag = "\"3e8-2ebc98a1-5-7\""

    /// Fields as `Name: value`; the status and, below it, the header lines of the answer.
    private func answer(
        _ method: Method, _ fields: [String: String] = [:], file: FileStatus? = nil,
        now: Int64 = 2_000_000_000
    ) -> FileResponse {
        RequestHead.withFields(of: fields.map { "\($0): \($1)" }) { head in
            FileResponse(
                to: FileResponse.Request(
                    method: method, fields: Conditional.Fields(head), range: head.value(.range)),
                for: file ?? self.file, type: "text/css; charset=utf-8",
                options: FileResponse.Options(cacheControl: Array("max-age=60".utf8)), now: now)
        }
    }

    private func lines(_ response: FileResponse) -> String {
        String(decoding: response.header, as: UTF8.self).replacing("\r\n", with: "|")
    }

    @Test(arguments: [Method.get, .head])
    func wholeFileIsDescribed(method: Method) {
        let response = answer(method)
        #expect(response.status == 200 && response.range == 0..<1000)
        #expect(
            lines(response) == "ETag: \(tag)|Last-Modified: \(date)|Cache-Control: max-age=60|"
                + "Content-Type: text/css; charset=utf-8|Accept-Ranges: bytes|")
    }

    @Test(arguments: [Method.post, .put, .patch, .delete, .options, .trace, .connect, .other])
    func otherMethodsAreRefusedWithTheAllowedOnes(method: Method) {
        let response = answer(method)
        #expect(response.status == 405 && lines(response) == "Allow: GET, HEAD|" && response.range.isEmpty)
    }

    @Test func unchangedFileIsNotSentAgain() {
        for fields in [
            ["If-None-Match": tag], ["If-None-Match": "W/" + tag], ["If-None-Match": "\"x\", " + tag],
            ["If-None-Match": "*"],
            ["If-Modified-Since": date], ["If-Modified-Since": "Mon, 07 Nov 1994 00:00:00 GMT"],
            ["If-None-Match": tag, "Range": "bytes=0-1"],
        ] {
            let response = answer(.get, fields)
            #expect(response.status == 304 && response.range.isEmpty, "\(fields)")
            #expect(lines(response) == "ETag: \(tag)|Last-Modified: \(date)|Cache-Control: max-age=60|")
        }
    }

    @Test func changedFileIsSent() {
        for fields in [
            ["If-None-Match": "\"x\""], ["If-Modified-Since": "Sun, 06 Nov 1994 08:49:36 GMT"],
            ["If-Modified-Since": "yesterday"], ["If-None-Match": "\"x\"", "If-Modified-Since": date],
            ["If-Match": tag], ["If-Unmodified-Since": date],
        ] {
            #expect(answer(.get, fields).status == 200, "\(fields)")
        }
    }

    @Test func failedPreconditionIs412() {
        for fields in [
            ["If-Match": "\"x\""], ["If-Match": "W/" + tag],
            ["If-Unmodified-Since": "Sun, 06 Nov 1994 08:49:36 GMT"],
        ] {
            let response = answer(.get, fields)
            #expect(
                response.isRefusal && response.status == 412 && response.header.isEmpty
                    && response.range.isEmpty, "\(fields)")
        }
    }

    @Test func rangeIsServedWithItsPlace() {
        let response = answer(.get, ["Range": "bytes=10-19"])
        #expect(response.status == 206 && response.range == 10..<20)
        #expect(
            lines(response).hasSuffix(
                "|Content-Type: text/css; charset=utf-8|Accept-Ranges: bytes|Content-Range: bytes 10-19/1000|"
            ))
    }

    @Test func severalRangesAreSentInOneBodyOfParts() {
        var options = FileResponse.Options()
        options.boundary = Array("B".utf8)
        let field = Array("bytes=0-1,-3".utf8)
        let response = field.withUnsafeBytes {
            FileResponse(
                to: FileResponse.Request(method: .get, range: $0), for: file, type: "text/css",
                options: options,
                now: 2_000_000_000)
        }
        #expect(
            response.status == 206
                && lines(response).contains("|Content-Type: multipart/byteranges; boundary=B|"))
        #expect(
            response.pieces.map { String(decoding: $0.before, as: UTF8.self).replacing("\r\n", with: "|") }
                == [
                    "--B|Content-Type: text/css|Content-Range: bytes 0-1/1000||",
                    "|--B|Content-Type: text/css|Content-Range: bytes 997-999/1000||", "|--B--|",
                ])
        #expect(response.pieces.map(\.range) == [0..<2, 997..<1000, 0..<0])
        #expect(response.length == response.pieces.reduce(0) { $0 + $1.before.count + $1.range.count })
        // Without a type of ours the parts could not say what they are.
        let untyped = field.withUnsafeBytes {
            FileResponse(
                to: FileResponse.Request(method: .get, range: $0), for: file, type: nil, now: 2_000_000_000)
        }
        #expect(untyped.status == 200 && untyped.range == 0..<1000)
    }

    @Test func aCompressedFormIsNamed() {
        let response = FileResponse(
            to: FileResponse.Request(method: .get), for: file, type: "text/css",
            options: FileResponse.Options(coding: .gzip, varies: true), now: 2_000_000_000)
        #expect(
            lines(response).hasSuffix(
                "|Vary: Accept-Encoding|Content-Encoding: gzip|Content-Type: text/css|Accept-Ranges: bytes|"))
    }

    @Test func whatTheAuthorSaysIsNotSaidAgainAndIsCompared() {
        var own = FileResponse.Own(
            validators: Conditional(entityTag: Array("\"own\"".utf8), lastModified: 784_111_776),
            hasTag: true,
            hasDate: true, hasAcceptRanges: true)
        func answer(_ fields: [String]) -> FileResponse {
            RequestHead.withFields(of: fields) { head in
                FileResponse(
                    to: FileResponse.Request(
                        method: .get, fields: Conditional.Fields(head), range: head.value(.range)),
                    for: file, type: "text/css", options: FileResponse.Options(own: own), now: 2_000_000_000)
            }
        }
        #expect(lines(answer([])) == "Content-Type: text/css|")
        #expect(answer(["If-None-Match: \"own\""]).status == 304)
        #expect(lines(answer(["If-None-Match: \"own\""])).isEmpty)
        #expect(answer(["If-None-Match: \(tag)"]).status == 200)
        #expect(answer(["If-Match: \(tag)"]).status == 412)
        #expect(answer(["If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT"]).status == 304)
        #expect(answer(["If-Range: \"own\"", "Range: bytes=0-1"]).status == 206)
        // The other validator stays the file's.
        own.hasDate = false
        #expect(lines(answer([])) == "Last-Modified: \(date)|Content-Type: text/css|")
        #expect(answer(["If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT"]).status == 200)
        // A date that is none is compared with nothing.
        (own.hasDate, own.validators.lastModified) = (true, nil)
        #expect(answer(["If-Modified-Since: \(date)"]).status == 200)
    }

    @Test func unsatisfiableRangeTellsTheLength() {
        let response = answer(.get, ["Range": "bytes=1000-"])
        #expect(response.isRefusal && response.status == 416 && response.range.isEmpty)
        #expect(lines(response) == "Content-Range: bytes */1000|")
    }

    @Test func rangeIsIgnoredWhereItDoesNotCount() {
        #expect(answer(.head, ["Range": "bytes=10-19"]).status == 200)
        #expect(answer(.get, ["Range": "bytes=10-19", "If-Range": "\"x\""]).status == 200)
        #expect(answer(.get, ["Range": "bytes=10-19", "If-Range": "W/" + tag]).status == 200)
        #expect(answer(.get, ["Range": "bytes=1000-", "If-Range": "\"x\""]).status == 200)
        #expect(answer(.get, ["Range": "bytes=10-19", "If-Range": tag]).status == 206)
        #expect(answer(.get, ["Range": "bytes=10-19", "If-Range": date]).status == 206)
        #expect(
            answer(.get, ["Range": "bytes=10-19", "If-Range": "Mon, 07 Nov 1994 00:00:00 GMT"]).status == 200)
    }

    @Test func oddStatusesMakeSensibleAnswers() {
        let empty = answer(
            .get, ["Range": "bytes=0-"], file: FileStatus(size: 0, modified: 0, nanoseconds: 0, inode: 0))
        #expect(empty.status == 200 && empty.range.isEmpty)
        let odd = answer(.get, file: FileStatus(size: -1, modified: -1, nanoseconds: -1, inode: .max))
        #expect(odd.status == 200 && odd.range.isEmpty && !lines(odd).contains("Last-Modified"))
        let future = answer(.get, now: 0)
        #expect(lines(future).contains("Last-Modified: Thu, 01 Jan 1970 00:00:00 GMT"))
    }

    @Test func cacheControlMayBeLeftOut() {
        let response = FileResponse(
            to: FileResponse.Request(method: .get), for: file, type: ContentType.fallback, now: 2_000_000_000)
        #expect(!lines(response).contains("Cache-Control"))
        #expect(lines(response).contains("Content-Type: application/octet-stream|"))
    }
}

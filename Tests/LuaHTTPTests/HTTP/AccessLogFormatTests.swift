// SPDX-License-Identifier: MIT

import Foundation
import NIOCore
import Testing

@testable import LuaHTTP

struct AccessLogFormatTests {
    private func line(_ format: AccessLogFormat, _ request: String, client: String = "192.0.2.1") throws
        -> String
    {
        var parser = RequestParser(limits: Limits())
        var head = RequestHead()
        var input = ByteBuffer(string: request)
        #expect(try parser.parse(&input, into: &head))
        var time = LogTime()
        time.update(1_795_429_860)
        var output = ByteBuffer()
        let facts = AccessLogFormat.Facts(client: client, status: 200, bytes: 345, microseconds: 1234)
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: AccessLogFormat.room(head)) { room in
            var cursor = ByteCursor(room)
            format.write(head, facts, time, to: &cursor)
            #expect(cursor.count < AccessLogFormat.room(head))
            return cursor.count
        }
        return String(buffer: output)
    }

    private static let request =
        "GET /a?b=c HTTP/1.1\r\nHost: example.com\r\nReferer: https://x.example/\r\nUser-Agent: A \"b\" \\c\u{1F600}\r\n\r\n"

    @Test func short() throws {
        #expect(try line(.short, Self.request) == "GET /a?b=c 200 1.2 ms 345 B\n")
    }

    @Test func common() throws {
        #expect(
            try line(.common, Self.request)
                == "192.0.2.1 - - [23/Nov/2026:10:31:00 +0000] \"GET /a?b=c HTTP/1.1\" 200 345\n")
    }

    @Test func combined() throws {
        let answer = try line(.combined, Self.request)
        #expect(
            answer
                == "192.0.2.1 - - [23/Nov/2026:10:31:00 +0000] \"GET /a?b=c HTTP/1.1\" 200 345 \"https://x.example/\" "
                + "\"A \\x22b\\x22 \\x5Cc\\xF0\\x9F\\x98\\x80\"\n")
        #expect(
            try line(.combined, "GET / HTTP/1.0\r\n\r\n").hasSuffix(
                "\"GET / HTTP/1.0\" 200 345 \"-\" \"-\"\n"))
    }

    @Test func json() throws {
        let text = try line(.json, Self.request)
        #expect(text.hasSuffix("}\n"))
        let value = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        let object = try #require(value)
        #expect(object["time"] as? String == "2026-11-23T10:31:00Z")
        #expect(object["client"] as? String == "192.0.2.1")
        #expect(object["method"] as? String == "GET")
        #expect(object["target"] as? String == "/a?b=c")
        #expect(object["protocol"] as? String == "HTTP/1.1")
        #expect(object["status"] as? Int == 200)
        #expect(object["bytes"] as? Int == 345)
        #expect(object["ms"] as? Double == 1.234)
        #expect(object["host"] as? String == "example.com")
        #expect(object["referer"] as? String == "https://x.example/")
        #expect((object["agent"] as? String)?.hasPrefix("A \"b\" \\c") == true)
    }

    @Test(arguments: AccessLogFormat.allCases)
    func longFieldsAreCutAndFit(format: AccessLogFormat) throws {
        let long = String(repeating: "\u{FC}", count: 2000)
        let target = "/" + String(repeating: "a\"", count: 5000)
        let text = try line(
            format, "GET \(target) HTTP/1.1\r\nHost: t\r\nReferer: \(long)\r\nUser-Agent: \(long)\r\n\r\n")
        #expect(text.hasSuffix("\n"))
        #expect(text.utf8.count < 20_000)
        #expect(text.filter { $0 == "\n" }.count == 1)
    }
}

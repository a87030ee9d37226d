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
        "Sun, 06 Nov 1994 24:49:37 GMT",
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

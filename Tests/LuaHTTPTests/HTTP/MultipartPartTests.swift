// SPDX-License-Identifier: MIT
import Testing

@testable import LuaHTTP

@Suite("MultipartPart")
struct MultipartPartTests {
    private func part(_ disposition: String) -> MultipartPart? {
        try? MultipartPart(head: Array("Content-Disposition: \(disposition)\r\n\r\n".utf8))
    }

    private func name(_ disposition: String) -> String? { part("form-data; \(disposition)")?.name?.text }
    private func filename(_ disposition: String) -> String? {
        part("form-data; \(disposition)")?.filename?.text
    }

    @Test("names are unquoted as their senders quote")
    func names() {
        #expect(name("name=\"a b\"") == "a b")
        #expect(name("name=a") == "a")
        #expect(name("NAME=\"a\"") == "a")
        #expect(name("name=\"\"") == "")
        #expect(name("name=\"é\"") == "é")
        #expect(name("name=\"a%22b%0D%0Ac%41\"") == "a\"b\r\nc%41")  // browsers
        #expect(name("name=\"a\\\"b\\\\c\"") == "a\"b\\c")  // curl
        #expect(filename("name=x; filename=\"C:\\dir\\é.txt\"") == "C:\\dir\\é.txt")
        #expect(filename("name=x; filename=my file.txt ") == "my file.txt")
        #expect(filename("name=x; filename=\"\"") == "")
        #expect(filename("name=x") == nil)
        #expect(filename("name=x; filename=\"a;b=c\"; other=d;") == "a;b=c")
    }

    @Test("the extended form wins")
    func extended() {
        #expect(filename("name=x; filename=\"a\"; filename*=UTF-8''%e2%82%ac%20x") == "€ x")
        #expect(filename("name=x; filename*=utf-8'en'a") == "a")
        #expect(part("form-data; name=x; filename*=latin9''a") == nil)
        #expect(part("form-data; name=x; filename*=utf-8''%zz") == nil)
    }

    @Test(
        "what two readers could read differently is refused",
        arguments: [
            "form-data; name=\"a\"; name=\"b\"", "form-data; filename=a; filename=b", "form-data; name=\"a",
            "form-data; name=\"a\"b", "form-data; name=a\"b\"", "form-data; =a", "form-data; name",
            "form data; name=a",
            "form-data; name=\"a\\\"",
        ])
    func malformed(disposition: String) {
        #expect(part(disposition) == nil)
    }

    @Test("repeated lines and foreign encodings are refused, folded lines read")
    func lines() throws {
        func parse(_ text: String) throws -> MultipartPart { try MultipartPart(head: Array(text.utf8)) }
        let folded = try parse(
            "Content-Disposition: form-data;\r\n\tname=\"a\"\r\nContent-Type:\r\n text/plain\r\n\r\n")
        #expect(folded.name?.text == "a" && folded.type?.text == "text/plain")
        #expect(throws: HTTPError.self) { try parse("Content-Type: a/b\r\nContent-Type: a/b\r\n\r\n") }
        #expect(throws: HTTPError.self) {
            try parse(
                "Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=a\r\n\r\n")
        }
        #expect(throws: HTTPError.self) { try parse("Content-Transfer-Encoding: base64\r\n\r\n") }
        #expect(try parse("Content-Transfer-Encoding: BINARY\r\n\r\n") == MultipartPart())
    }

    @Test("the name of a field is limited, at limit + 1 and not before")
    func nameLimit() {
        #expect(name("name=\"\(String(repeating: "n", count: 4096))\"") != nil)
        #expect(name("name=\"\(String(repeating: "n", count: 4097))\"") == nil)
    }

    @Test(
        "names of files are shown without paths and tricks",
        arguments: [
            ("a.png", "a.png"), ("../../etc/passwd", "passwd"), ("C:\\Users\\me\\a b.txt", "a b.txt"),
            ("a\u{0}\r\n\u{1B}[31mb", "a[31mb"), ("photo\u{202E}gpj.exe", "photogpj.exe"), ("..", "file"),
            (".", "file"), ("/", "file"), ("x/..", "file"), ("  ", "file"), ("é€😀", "é€😀"),
            (".htaccess", ".htaccess"),
        ])
    func shown(name: String, text: String) {
        #expect(UploadName.shown(Array(name.utf8)).text == text)
    }

    @Test("names of files are text of at most 255 bytes")
    func shownLength() {
        #expect(UploadName.shown(Array(repeating: 0x61, count: 300)).count == 255)
        #expect(UploadName.shown(Array(String(repeating: "€", count: 100).utf8)).count == 255)
        #expect(UploadName.shown([0x61, 0xFF, 0x62]).text == "a\u{FFFD}b")
    }
}

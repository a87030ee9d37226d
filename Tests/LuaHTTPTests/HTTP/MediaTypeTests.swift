// SPDX-License-Identifier: MIT
import Testing

@testable import LuaHTTP

@Suite("MediaType")
struct MediaTypeTests {
    private func with<T>(_ text: String, _ body: (MediaType?) -> T) -> T {
        Array(text.utf8).withUnsafeBytes { body(MediaType($0)) }
    }

    @Test("type and parameters, quoted or not")
    func parameters() {
        with("Multipart/Form-Data; x=y ;boundary=\"a b\\\"c\"") { type in
            #expect(type?.is("multipart/form-data") == true)
            #expect(type?.parameter("boundary")?.text == "a b\"c")
            #expect(type?.parameter("x")?.text == "y")
            #expect(type?.parameter("z") == nil)
        }
        with("text/html;charset=utf-8") { #expect($0?.parameter("charset")?.text == "utf-8") }
    }

    @Test(arguments: ["", "text", "text/", "/html", "text html", "text/html x", "te xt/html", "\u{0}/a"])
    func refused(text: String) { with(text) { #expect($0 == nil) } }

    @Test(arguments: [
        "a/b; boundary", "a/b; boundary=", "a/b; boundary=\"x", "a/b; ;=x", "a/b; boundary=\"x\\",
    ])
    func malformedParameters(text: String) { with(text) { #expect($0?.parameter("boundary") == nil) } }
}

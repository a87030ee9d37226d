// SPDX-License-Identifier: MIT
import Testing

@testable import LuaHTTP

@Suite("MultipartParser")
struct MultipartParserTests {
    private func everyWay(_ text: String, boundary: String = "b", headLimit: Int = 1000) -> MultipartReading {
        let bytes = Array(text.utf8)
        let whole = MultipartReading.of([bytes], boundary: boundary, headLimit: headLimit)
        for pieces in ByteSplits.all(bytes) {
            for most in [1, 3, Int.max] {
                let reading = MultipartReading.of(
                    pieces, boundary: boundary, headLimit: headLimit, most: most)
                #expect(reading == whole, "\(text.debugDescription)")
            }
        }
        return whole
    }

    private func part(_ name: String?, _ content: String, filename: String? = nil, type: String? = nil)
        -> MultipartReading.Part
    {
        .init(
            head: MultipartPart(
                name: name.map { Array($0.utf8) }, filename: filename.map { Array($0.utf8) },
                type: type.map { Array($0.utf8) }),
            content: Array(content.utf8), isComplete: true)
    }

    private static let field = "Content-Disposition: form-data; name=\"a\"\r\n\r\n"

    @Test("a form as browsers send it")
    func form() {
        let text =
            "--b\r\n\(Self.field)one\r\n--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x y.png\"\r\n"
            + "Content-Type: image/png\r\n\r\n\u{1}\r\n\u{2}\r\n--b--\r\n"
        #expect(
            everyWay(text)
                == .parts(
                    [part("a", "one"), part("f", "\u{1}\r\n\u{2}", filename: "x y.png", type: "image/png")],
                    isComplete: true))
    }

    @Test(
        "content is everything up to the boundary",
        arguments: [
            "", "x", "\r", "\n", "\r\n", "\r\n\r\n", "-", "--", "--b", "--b--", "\r\n-", "\r\n--", "\r\n--c",
            "\r\r\n\r\n\r\n--\r\n--\r\n-", "\r\n-\r\n--\r", "--\r\n", "\r\n--a\r\n--", "\n--b\n", "\r--b\r",
        ])
    func content(text: String) {
        // The very start of a part may already be a boundary (RFC 2046: its head needs no empty line then).
        if text.hasPrefix("--b") { return }
        #expect(
            everyWay("--b\r\n\(Self.field)\(text)\r\n--b--") == .parts([part("a", text)], isComplete: true))
    }

    @Test(
        "what surrounds the parts is dropped",
        arguments: [
            "--b\r\n\(field)v\r\n--b--", "--b\r\n\(field)v\r\n--b--\r\n",
            "preamble\r\n--b\r\n\(field)v\r\n--b--",
            "\r\n--b\r\n\(field)v\r\n--b--epilogue\r\n--b\r\n\(field)w\r\n--b--",
            "--b  \t\r\n\(field)v\r\n--b--",
            "--\r\n--\r\n-\r\n--b\r\n\(field)v\r\n--b--", "--a\r\n--b\r\n\(field)v\r\n--b--",
        ])
    func surroundings(text: String) {
        #expect(everyWay(text) == .parts([part("a", "v")], isComplete: true))
    }

    @Test("parts without a head, without content, and none at all")
    func empty() {
        #expect(everyWay("--b--") == .parts([], isComplete: true))
        #expect(everyWay("--b--\r\n") == .parts([], isComplete: true))
        #expect(everyWay("--b\r\n\r\nx\r\n--b--") == .parts([part(nil, "x")], isComplete: true))
        #expect(everyWay("--b\r\n\r\n\r\n--b--") == .parts([part(nil, "")], isComplete: true))
        #expect(everyWay("--b\r\n\r\n--b--") == .parts([part(nil, "")], isComplete: true))
        #expect(everyWay("--b\r\n\(Self.field)--b--") == .parts([part("a", "")], isComplete: true))
        #expect(
            everyWay("--b\r\n\r\n--b\r\n\r\n--b--")
                == .parts([part(nil, ""), part(nil, "")], isComplete: true))
    }

    @Test("a body that stops early is never complete")
    func truncated() {
        let text = "--b\r\n\(Self.field)v\r\n--b--"
        for end in 0..<text.utf8.count {
            guard case .parts(_, isComplete: false) = MultipartReading.of([Array(text.utf8.prefix(end))])
            else {
                Issue.record("complete after \(end) bytes")
                return
            }
        }
    }

    @Test(
        "what begins like a boundary line must be one",
        arguments: [
            "--bx\r\n", "--b-\r\n", "--b-x", "--b\n", "--b \n", "--b x\r\n", "--b\r\r\n", "--b\rx",
            "--b\r\n\(field)v\r\n--bc\r\n",
        ])
    func boundaryLine(text: String) {
        #expect(everyWay(text) == .failed(400, nil))
    }

    @Test(
        "heads obey the grammar",
        arguments: [
            "X: y\n\r\n", "X\r\n\r\n", ": y\r\n\r\n", "X y: z\r\n\r\n", "X: a\u{0}b\r\n\r\n",
            "X: a\rb\r\n\r\n",
        ])
    func heads(text: String) {
        #expect(everyWay("--b\r\n\(text)v\r\n--b--") == .failed(400, nil))
    }

    @Test("the head of a part is limited, at limit + 1 and not before")
    func headLimit() {
        let text = "--b\r\nX: 3456\r\n\r\nv\r\n--b--"
        #expect(everyWay(text, headLimit: 11) == .parts([part(nil, "v")], isComplete: true))
        #expect(everyWay(text, headLimit: 10) == .failed(413, .partHead))
        let endless = Array("--b\r\n".utf8) + Array(repeating: UInt8(ascii: "x"), count: 2000)
        #expect(MultipartReading.of([endless]) == .failed(413, .partHead))
    }

    @Test("a boundary is 1 to 70 printable characters, the last no space")
    func boundaries() {
        for text in [
            "x", "----WebKitFormBoundary7MA4YWxkTrZu0gW", "'()+_,-./:=? x", String(repeating: "x", count: 70),
        ] {
            #expect(MultipartParser(boundary: Array(text.utf8)) != nil)
            #expect(
                MultipartReading.of("--\(text)\r\n\r\nv\r\n--\(text)--", boundary: text)
                    == .parts([part(nil, "v")], isComplete: true))
        }
        for text in ["", "x ", "a\r", "a\nb", "\u{e9}", String(repeating: "x", count: 71)] {
            #expect(MultipartParser(boundary: Array(text.utf8)) == nil)
        }
    }

    /// CVE-2023-46136 and its like: what almost looks like a boundary must not be looked at again and again.
    @Test(
        "time is linear", arguments: ["\r", "--", "\r\n", "\r\n--", "\r\n--------", "\r\n---------\r", "\n"])
    func linear(unit: String) {
        func duration(_ count: Int) -> Duration {
            let start = Array("--\(boundary)\r\n\r\n".utf8)
            let content = Array(repeating: Array(unit.utf8), count: count / unit.utf8.count).joined()
            let bytes = start + content
            return ContinuousClock().measure {
                _ = MultipartReading.of([bytes], boundary: boundary)
            }
        }
        let boundary = "---------x"
        let small = max(duration(1 << 14), .milliseconds(1))
        #expect(duration(1 << 18) < small * 100)  // 16 times the bytes; 256 times if it were quadratic
    }
}

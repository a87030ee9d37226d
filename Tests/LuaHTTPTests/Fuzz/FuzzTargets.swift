// SPDX-License-Identifier: MIT
import NIOCore

@testable import LuaHTTP

extension FuzzTarget {
    static let all: [FuzzTarget] = [multipart, partHead, chunked, head, form, cookies, path]

    /// Whole and in pieces it comes to the same, and no content is lost or made up.
    static let multipart = FuzzTarget(
        "multipart",
        seeds: [
            "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nvalue\r\n--b--\r\n",
            "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.bin\"\r\nContent-Type: a/b\r\n\r\n"
                + "\r\r\n\r\n-\r\n--\r\n--c\r\n--b \t\r\nContent-Disposition: form-data; name=g\r\n\r\n\r\n--b--",
            "pre\r\n--b\r\n\r\n\r\n--b\r\nX: y\r\n folded\r\n\r\n--b--\r\nepilogue",
        ],
        alphabet: "\r\n-b \t:;=\"\\%*'ax\u{0}"
    ) { bytes, numbers in
        let whole = MultipartReading.of([bytes])
        let split = MultipartReading.of(ByteSplits.random(bytes, &numbers))
        if whole != split { return "\(whole) in one piece, \(split) in several" }
        let least = MultipartReading.of([bytes], most: 1)
        return whole == least ? nil : "\(whole) at once, \(least) byte by byte"
    }

    static let partHead = FuzzTarget(
        "head of a part",
        seeds: [
            "Content-Disposition: form-data; name=\"a\\\"b\"; filename=\"C:\\x\\%22.txt\"\r\n\r\n",
            "content-disposition: form-data;name=a ; filename*=UTF-8''%e2%82%ac\r\nContent-Type: text/plain\r\n\r\n",
        ],
        alphabet: ";:=\"\\%*' \t\r\nan\u{e9}"
    ) { bytes, _ in
        var head = bytes
        head += Array("\r\n\r\n")
        guard let part = try? MultipartPart(head: head) else { return nil }
        guard let name = part.filename else { return nil }
        let shown = UploadName.shown(name)
        if shown.isEmpty || shown.count > 255 { return "a name of \(shown.count) bytes" }
        let hidden = shown.contains { $0 < 0x20 || $0 == 0x7F || $0 == ASCII.slash || $0 == ASCII.backslash }
        return hidden ? "\(shown.text.debugDescription) is shown" : nil
    }

    static let chunked = FuzzTarget(
        "chunked",
        seeds: [
            "5;a=b\r\nhello\r\n1\r\nx\r\n0\r\nX: y\r\n\r\nGET", "A \t;b\r\n0123456789\r\n00\r\n\r\n",
            "7FFFFFFFFFFFFFF\r\n",
        ],
        alphabet: "\r\n\t ;=:0159afFg\u{0}\u{7f}"
    ) { bytes, numbers in
        let whole = ChunkedReading.of([bytes])
        let split = ChunkedReading.of(ByteSplits.random(bytes, &numbers))
        return whole == split ? nil : "\(whole) in one piece, \(split) in several"
    }

    static let head = FuzzTarget(
        "request head",
        seeds: [
            "GET /a/b?c=d&e HTTP/1.1\r\nHost: t.example:8080\r\nAccept: */*\r\nX-Empty:\r\n\r\n",
            "POST http://h/x HTTP/1.1\r\nhOsT: [::1]\r\nCONTENT-LENGTH: 5\r\nExpect: 100-Continue\r\n\r\nhello",
            "PUT /x HTTP/1.0\r\nTransfer-Encoding: ,chunked ,\r\nConnection: x, CLOSE\r\n\r\n",
        ],
        alphabet: "\r\n\t :/?#%*.,;=@[]aH10\u{0}\u{7f}\u{ff}"
    ) { bytes, numbers in
        let whole = ParseResult.of([bytes])
        let split = ParseResult.of(ByteSplits.random(bytes, &numbers))
        return whole == split ? nil : "\(whole) in one piece, \(split) in several"
    }

    static let form = FuzzTarget(
        "urlencoded", seeds: ["a=1&b=%20+&c[]=x&c[d][e]=%C3%A9", "&&=&a&=b&%"], alphabet: "&=%+[]a0Ff;"
    ) { bytes, _ in
        bytes.withUnsafeBytes { bytes in
            let strict = try? FormBody.parse(bytes, percent: .strict)
            let literal = try? FormBody.parse(bytes, percent: .literal)
            // What the strict reading takes has no stray percent sign, and then both agree.
            return strict == nil || strict == literal ? nil : "strict and lenient reading differ"
        }
    }

    static let cookies = FuzzTarget(
        "cookies", seeds: ["a=b; c=\"d\"; e", "x=1;y=2;;z=", "=; =a; b= c ;d"], alphabet: ";=\" ,\\a\t\u{0}"
    ) { bytes, _ in
        bytes.withUnsafeBytes { bytes in
            var reader = CookieReader(bytes)
            var count = 0
            while let cookie = reader.next() {
                count += 1
                if cookie.name.contains(ASCII.semicolon) { return "a semicolon in a name" }
                if cookie.value.contains(ASCII.semicolon) { return "a semicolon in a value" }
                if count > 128 { return "more cookies than the limit" }
            }
            return nil
        }
    }

    /// No path that is let through leaves its root.
    static let path = FuzzTarget(
        "path", seeds: ["/a/b.txt", "/%2e%2e/x", "/a/%252e/..;/b/", "//x\\y/.%00"],
        alphabet: "/.%2eEfF5c0\\;~\u{0}"
    ) { bytes, _ in
        bytes.withUnsafeBytes { bytes in
            guard let path = try? StaticPath(encoded: bytes) else { return nil }
            let segments = path.bytes.dropLast().split(separator: ASCII.slash)
            if path.bytes.dropLast().contains(0) { return "NUL in a path" }
            if path.bytes.first == ASCII.slash { return "an absolute path" }
            return segments.contains([0x2E, 0x2E]) ? "a path with .." : nil
        }
    }
}

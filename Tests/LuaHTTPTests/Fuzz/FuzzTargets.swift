// SPDX-License-Identifier: MIT
import NIOCore

@testable import LuaHTTP

extension FuzzTarget {
    static let all: [FuzzTarget] = [
        multipart, partHead, chunked, head, target, form, cookies, ranges, path, url, proxyHeader,
        forwarded,
    ]

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

    /// Path and query lie inside the target and hold nothing that is not allowed there.
    static let target = FuzzTarget(
        "request target",
        seeds: [
            "/a/b%2Fc?d=%zz&e", "http://h:80/x?y", "HTTPS://[::1]:8080", "*", "//x/../y;z?",
            "http://a%41.b/|{}^",
        ],
        alphabet: "/?%#*:@[]20aFf.;\\| \u{0}\u{7f}\u{ff}"
    ) { bytes, numbers in
        let lines = Array("GET ".utf8) + bytes + Array(" HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        var buffer = ByteBuffer(bytes: lines)
        var parser = RequestParser(limits: Limits())
        var head = RequestHead()
        guard (try? parser.parse(&buffer, into: &head)) == true else { return nil }
        let target = Array(head.slice(head.target))
        let path = Array(head.slice(head.path))
        if path.isEmpty { return "no path" }
        if path.first != ASCII.slash, path != [0x2A] { return "a path that is not one: \(path.text)" }
        for byte in target + path + Array(head.slice(head.query)) where byte <= 0x20 || byte >= 0x7F {
            return "byte \(byte) let through"
        }
        return path.contains(ASCII.question) || target.contains(UInt8(ascii: "#"))
            ? "cut in the wrong place" : nil
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

    /// What is served lies inside the file, and is not more than the file.
    static let ranges = FuzzTarget(
        "ranges",
        seeds: [
            "bytes=0-0,5-9, -1", "bytes=9223372036854775807-",
            "BYTES=-9223372036854775808,0-99999999999999999999",
            "bytes=0-,0-,0-", "bytes=,,1-2,,", "items=0-1",
        ],
        alphabet: "bytes=-,0159 \tx"
    ) { bytes, numbers in
        let length = [0, 1, 10, 100_000, Int64.max, -1][Int.random(in: 0..<6, using: &numbers)]
        var ranges: [Range<Int64>] = []
        switch bytes.withUnsafeBytes({ ByteRange($0, length: length) }) {
        case .whole: return nil
        case .unsatisfiable: return length > 0 ? nil : "a file without bytes has no ranges"
        case .part(let range): ranges = [range]
        case .parts(let several):
            ranges = several
            if !(2...16).contains(ranges.count) { return "\(ranges.count) parts" }
        }
        if ranges.contains(where: { $0.isEmpty || $0.lowerBound < 0 || $0.upperBound > length }) {
            return "\(ranges) of \(length) bytes"
        }
        var total: Int64 = 0
        for range in ranges {
            let (sum, overflow) = total.addingReportingOverflow(range.upperBound - range.lowerBound)
            if overflow || sum > length { return "more bytes than the file: \(ranges)" }
            total = sum
        }
        return nil
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

    /// What is sent on the wire is one request line to one host; read again it is the same.
    static let url = FuzzTarget(
        "URL",
        seeds: [
            "http://h.example:8080/a/../b?c=d#e", "HTTPS://[::1]:443/%zz{}|?\"", "//other/x", "../y/./z/..?q",
            "http:\\\\h\\x", "?only", "#f", "http://u@h/",
        ],
        alphabet: "/:?#[]@.%2eaF0\\ \r\n\u{0}\u{e9}"
    ) { bytes, _ in
        guard let base = try? ClientURL("https://base.example/a/b/c?d".utf8),
            let url = (try? ClientURL(bytes)) ?? (try? base.resolving(bytes))
        else { return nil }
        if url.target.first != ASCII.slash { return "target \(url.target.text)" }
        if (url.target + url.host).contains(where: { $0 <= 0x20 || $0 >= 0x7F }) {
            return "not encoded: \(url)"
        }
        if url.host.isEmpty || url.host.contains(where: { "/@?#".utf8.contains($0) }) {
            return "host of \(url)"
        }
        guard let again = try? ClientURL(url.text.utf8) else { return "\(url.text) is not read again" }
        return again == url ? nil : "\(url.text) is read as \(again.text)"
    }
}

// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct ContentDispositionTests {
    @Test(arguments: [
        ("report.pdf", "attachment; filename=\"report.pdf\""),
        ("my report (1).pdf", "attachment; filename=\"my report (1).pdf\""),
        ("Bücher.pdf", "attachment; filename=\"B_cher.pdf\"; filename*=UTF-8''B%C3%BCcher.pdf"),
        ("отчёт", "attachment; filename=\"_____\"; filename*=UTF-8''%D0%BE%D1%82%D1%87%D1%91%D1%82"),
        ("a\"b\\c.txt", "attachment; filename=\"a_b_c.txt\"; filename*=UTF-8''a%22b%5Cc.txt"),
        ("50%.txt", "attachment; filename=\"50_.txt\"; filename*=UTF-8''50%25.txt"),
        ("a\r\nX: y", "attachment; filename=\"a__X: y\"; filename*=UTF-8''a%0D%0AX%3A%20y"),
        (
            "../../etc/passwd",
            "attachment; filename=\".._.._etc_passwd\"; filename*=UTF-8''..%2F..%2Fetc%2Fpasswd"
        ),
        ("🎉.png", "attachment; filename=\"_.png\"; filename*=UTF-8''%F0%9F%8E%89.png"),
        ("", "attachment; filename=\"\""),
    ])
    func names(name: String, value: String) {
        #expect(String(decoding: ContentDisposition.attachment(name), as: UTF8.self) == value)
    }
}

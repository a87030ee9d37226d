// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct CompressibleTypeTests {
    @Test(arguments: [
        ("text/html; charset=utf-8", true), ("TEXT/HTML", true), ("text/plain", true), ("text/csv;x=y", true),
        ("application/json", true), ("application/problem+json", true),
        ("image/svg+xml; charset=utf-8", true),
        ("application/javascript", true), ("font/ttf", true), ("application/wasm", true),
        ("text/event-stream", false), ("text/event-stream; charset=utf-8", false), ("image/png", false),
        ("image/jpeg", false), ("font/woff2", false), ("application/zip", false), ("application/gzip", false),
        ("application/pdf", false), ("application/octet-stream", false), ("video/mp4", false),
        ("text", false),
        ("", false), ("/", false), (";", false), ("text/", true), ("+json", false),
        ("application/+json", false),
    ])
    func textIsCompressed(type: String, expected: Bool) {
        #expect(Array(type.utf8).withUnsafeBytes { CompressibleType.contains($0) } == expected, "\(type)")
    }
}

// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct ContentTypeTests {
    @Test(arguments: [
        ("index.html", "text/html; charset=utf-8"), ("APP.JS", "text/javascript; charset=utf-8"),
        ("a.min.css", "text/css; charset=utf-8"), ("logo.svg", "image/svg+xml; charset=utf-8"),
        ("x.tar.gz", "application/gzip"), ("data.json", "application/json"), ("app.wasm", "application/wasm"),
        ("a.webmanifest", "application/manifest+json"), ("photo.JPeG", "image/jpeg"),
        ("f.woff2", "font/woff2"),
        ("README", "application/octet-stream"), ("x.", "application/octet-stream"),
        ("", "application/octet-stream"),
        ("x.unheardof", "application/octet-stream"), ("html", "application/octet-stream"),
        ("x.webmanifests", "application/octet-stream"), ("x.é", "application/octet-stream"),
    ])
    func typeFollowsFromTheExtension(name: String, expected: String) {
        #expect(ContentType.of(fileName: Array(name.utf8)).description == expected)
    }
}

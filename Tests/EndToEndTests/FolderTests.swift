// SPDX-License-Identifier: MIT

import Foundation
import Testing

/// `luahttpd DIR`, and files large enough to be sent by the kernel.
@Suite("files")
struct FolderTests {
    @Test("a directory is served with its index files and listings")
    func folder() throws {
        let files = [
            "index.html": "<h1>home</h1>", "docs/a b.txt": "text", "docs/<i>.txt": "", ".env": "secret",
            "templates/page.html": "{{ no template",
        ]
        try AppDirectory.with(files) { directory in
            try RunningServer.with(directory.url.path, ["--prod"]) { server in
                try #expect(server.get("/").text == "<h1>home</h1>")
                let listing = try server.get("/docs/")
                #expect(listing["content-type"] == "text/html; charset=utf-8")
                #expect(listing.text.contains("href=\"./a%20b.txt\">a b.txt</a>"))
                #expect(listing.text.contains("&lt;i&gt;.txt") && !listing.text.contains("<i>"))
                try #expect(server.get("/docs/a%20b.txt").text == "text")
                try #expect(server.get("/docs")["location"] == "/docs/")
                for hidden in ["/.env", "/..%2f..%2fetc%2fpasswd", "/docs/../.env", "/no"] {
                    try #expect([400, 404].contains(server.get(hidden).status), "\(hidden)")
                }
            }
        }
    }

    @Test("a directory with an app in it is not published")
    func appFolder() throws {
        try AppDirectory.with(["app.lua": ""]) { directory in
            let run = try Command.run(directory.url.path, "--port", "0")
            #expect(run.code == 1)
            #expect(run.errors.contains("is the directory of an app: run"))
        }
    }

    @Test("large files are sent whole, in part and in several parts")
    func large() throws {
        let text = String((0..<300_000).map { Character(UnicodeScalar(UInt8(97 + $0 % 26))) })
        try AppDirectory.with(["large.txt": text]) { directory in
            try RunningServer.with(directory.url.path, ["--prod"]) { server in
                for _ in 0..<2 {
                    try #expect(server.get("/large.txt").text == text)
                    let part = try server.get("/large.txt", headers: ["Range": "bytes=1000-200999"])
                    #expect(part.status == 206 && part.text == String(text.dropFirst(1000).prefix(200_000)))
                    let parts = try server.get(
                        "/large.txt", headers: ["Range": "bytes=0-99999,200000-299999"])
                    let type = try #require(parts["content-type"])
                    let boundary = type.replacing("multipart/byteranges; boundary=", with: "")
                    var expected = ""
                    for (first, last) in [(0, 99_999), (200_000, 299_999)] {
                        expected += first > 0 ? "\r\n" : ""
                        expected += "--\(boundary)\r\nContent-Type: text/plain; charset=utf-8\r\n"
                        expected += "Content-Range: bytes \(first)-\(last)/300000\r\n\r\n"
                        expected += text.dropFirst(first).prefix(100_000)
                    }
                    expected += "\r\n--\(boundary)--\r\n"
                    #expect(parts.text == expected)
                }
                // One after the other on a connection: nothing of one answer is left in the next.
                let connection = try Connection(port: server.port)
                for _ in 0..<3 {
                    try connection.send(Connection.bytes(of: "HEAD", "/large.txt"))
                    try #expect(connection.response(to: "HEAD")["content-length"] == "300000")
                    try connection.send(
                        Connection.bytes(
                            of: "GET", "/large.txt", headers: ["Range": "bytes=0-99999,200000-299999"]))
                    try #expect(connection.response().body.count > 200_000)
                }
            }
        }
    }

    @Test("a file that becomes shorter while it is sent cuts the connection, and nothing else")
    func truncated() throws {
        let size = 60_000_000
        try AppDirectory.with(["f.bin": String(repeating: "a", count: size), "other.txt": "other"]) {
            directory in
            try RunningServer.with(directory.url.path, ["--prod", "--workers", "1"]) { server in
                let connection = try Connection(port: server.port)
                try connection.send(Connection.bytes(of: "GET", "/f.bin"))
                try #expect(connection.receiveSome())  // it is open, and on its way
                let handle = try FileHandle(forWritingTo: directory.url.appending(path: "f.bin"))
                try handle.truncate(atOffset: 1000)
                try handle.close()
                #expect(throws: (any Error).self) { try connection.response() }
                try #expect(server.get("/other.txt").text == "other")
            }
        }
    }
}

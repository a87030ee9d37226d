// SPDX-License-Identifier: MIT
import Foundation
import NIOCore
import NIOEmbedded
import Testing

@testable import LuaHTTP

/// Multipart forms, from bytes to what a handler sees.
@Suite("FormUpload")
struct FormUploadTests {
    private static let app = """
        local app = require "luahttpd"
        app:post("/show", function(req)
          local f = req.files.f
          return app.json { form = req.form, file = f and { f.name, f.filename, f.type, f.size, f:read() } }
        end)
        app:post("/tables", function(req)
          return app.json {
            tags = req.form:all "t", list = req.form.list, ada = req.form.user and req.form.user.name,
            files = #req.files:all "f", second = req.files:all("f")[2] and req.files:all("f")[2].filename,
            nested = req.files.docs and #req.files.docs, param = req:param "t", one = #req.files:all "one",
          }
        end)
        app:post("/read", function(req)
          local f, out = req.files.f, {}
          out[#out + 1] = f:read(3)
          for line in f:lines() do out[#out + 1] = line end
          out[#out + 1] = tostring(f:read(1))
          out[#out + 1] = f:read("a")
          f:rewind()
          local n = 0
          for chunk in f:chunks() do n = n + #chunk end
          out[#out + 1] = tostring(n)
          f:rewind()
          out[#out + 1] = f:read("L")
          return app.text(table.concat(out, "|"))
        end)
        app:post("/nothing", function(req)
          local f = req.files.f
          local left = f:read(0)
          local text = f:read(2)
          local still = f:read(0)
          return app.text(("%s|%s|%s|%s|%s|%s"):format(left, text, still, f:read("l"), f:read("a"), f:read(0)))
        end)
        app:post("/save", function(req)
          local path = req.files.f:save("kept.txt", req.query.replace and { replace = true })
          return app.text(path)
        end)
        app:post("/path", function(req)
          local file = assert(io.open(req.files.f.path, "rb"))
          local text = file:read("a")
          file:close()
          return app.text(#text .. text:sub(1, 5))
        end)
        app:post("/body", function(req) return app.text(req.body) end)
        app:post("/json", function(req) return app.json(req.json) end)
        kept = false
        app:post("/keep", function(req) kept = req.files.f return app.empty() end)
        app:post("/late", function(req) return app.text(kept:read()) end)
        app:post("/small", { limits = { body = 300 } }, function(req) return "small" end)
        app:get("/form", function(req) return app.text(tostring(next(req.form)) .. tostring(next(req.files))) end)
        """

    private func site() throws -> InMemorySite { try InMemorySite(Self.app) }

    /// Posts and lets what waits for the disk go on.
    private func post(_ site: InMemorySite, _ path: String, _ form: MultipartText) throws -> String {
        let head = try site.post(path, form.body, type: MultipartText.type)
        var text = head
        for _ in 0..<50 where text.isEmpty {
            site.channel.embeddedEventLoop.run()
            text += try site.received()
        }
        return text
    }

    private func body(_ answer: String) -> String { InMemorySite.body(of: answer) }

    @Test("fields and files are there")
    func show() throws {
        let form = MultipartText().field("a", "é\r\n").field("b", "").file("f", "../x y.txt", "con\r\ntent")
        #expect(
            body(try post(site(), "/show", form))
                == #"{"file":["f","x y.txt","text/plain",9,"con\r\ntent"],"form":{"a":"é\r\n","b":""}}"#)
    }

    @Test("repeated and nested names are as in other forms")
    func tables() throws {
        let form = MultipartText().field("t", "1").field("t", "2").field("list[]", "x").field("list[]", "y")
            .field("user[name]", "Ada").file("f", "1.txt", "1").file("f", "2.txt", "2").file(
                "docs[]", "3.txt", "3"
            )
            .file("docs[]", "4.txt", "4").field("docs[x][filename]", "no").field("f", "a field")
            .file("one", "5.txt", "5")
        #expect(
            body(try post(site(), "/tables", form))
                == #"{"ada":"Ada","files":2,"list":["x","y"],"nested":2,"one":1,"param":"1","second":"2.txt","#
                + #""tags":["1","2"]}"#)
    }

    @Test("a file input without a file is no file")
    func noFile() throws {
        #expect(body(try post(site(), "/show", MultipartText().file("f", "", ""))) == #"{"form":{}}"#)
    }

    @Test("every cut of a form comes to the same")
    func splits() throws {
        let form = MultipartText().field("a", "x").file("f", "y", "\r\n--\r\n")
        let request =
            "POST /show HTTP/1.1\r\nHost: t\r\nContent-Type: \(MultipartText.type)\r\n"
            + "Content-Length: \(form.body.utf8.count)\r\n\r\n\(form.body)"
        let site = try site()
        for cut in stride(from: 1, to: request.utf8.count, by: 3) {
            let bytes = Array(request.utf8)
            try site.channel.writeInbound(ByteBuffer(bytes: bytes[..<cut]))
            try site.channel.writeInbound(ByteBuffer(bytes: bytes[cut...]))
            #expect(body(try site.received()).contains(#""file":["f","y","text/plain",6,"\r\n--\r\n"]"#))
        }
    }

    @Test("small files are read from memory, large ones from disk", arguments: [1000, 300_000])
    func read(size: Int) throws {
        let content = "abcone\ntwo\r\n" + String(repeating: "x", count: size)
        let answer = try post(site(), "/read", MultipartText().file("f", "f", content))
        #expect(
            body(answer)
                == "abc|one|two\r|\(String(repeating: "x", count: size))|nil||\(content.utf8.count)|abcone\n")
    }

    @Test("reading nothing tells whether something is left, as with Lua's files", arguments: [0, 300_000])
    func readNothing(size: Int) throws {
        let rest = String(repeating: "x", count: size)
        let answer = try post(site(), "/nothing", MultipartText().file("f", "f", "abc\n" + rest))
        #expect(body(answer) == "|ab||c|\(rest)|nil")
    }

    @Test("files are kept under a name that is free, or replaced when asked", arguments: [10, 100_000])
    func save(size: Int) throws {
        let site = try site()
        let form = MultipartText().file("f", "f", String(repeating: "s", count: size))
        #expect(body(try post(site, "/save", form)) == "kept.txt")
        let path = site.worker.configuration.loader.root + "/kept.txt"
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.size] as? Int == size)
        #expect((attributes[.posixPermissions] as? Int ?? 0) & 0o600 == 0o600)
        #expect(attributes[.referenceCount] as? Int == 1)
        let again = try post(site, "/save", form)
        #expect(again.hasPrefix("HTTP/1.1 500") && again.contains("exists already"))
        let other = MultipartText().file("f", "f", "new")
        #expect(body(try post(site, "/save?replace=1", other)) == "kept.txt")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "new")
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: site.worker.configuration.loader.root).count
                == 2)
    }

    @Test("files have a path while the request lasts", arguments: [10, 100_000])
    func path(size: Int) throws {
        let answer = try post(
            site(), "/path", MultipartText().file("f", "f", String(repeating: "p", count: size)))
        #expect(body(answer) == "\(size)ppppp")
    }

    @Test("nothing stays open after the request, nor after a client that went in the middle")
    func gone() throws {
        let site = try site()
        let folder = site.directory.resolvingSymlinksInPath().path
        // Of this site: other tests have uploads open, too.
        func openUploads() -> Int {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
            return names.filter {
                let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + $0)
                return target?.contains("(deleted)") == true && target?.hasPrefix("\(folder)/#") == true
            }.count
        }
        let form = MultipartText().file("f", "f", String(repeating: "x", count: 300_000))
        #expect(body(try post(site, "/show", form)).count > 300_000)
        #expect(openUploads() == 0)
        let head =
            "POST /show HTTP/1.1\r\nHost: t\r\nContent-Type: \(MultipartText.type)\r\nContent-Length: 999999\r\n\r\n"
        #expect(try site.send(head + form.text) == "")
        site.channel.embeddedEventLoop.run()
        #expect(openUploads() == 1)
        try site.channel.close().wait()
        site.channel.embeddedEventLoop.run()
        #expect(openUploads() == 0)
    }

    @Test("a file of a request that is over cannot be read")
    func late() throws {
        let site = try site()
        #expect(try post(site, "/keep", MultipartText().file("f", "f", "x")).hasPrefix("HTTP/1.1 204"))
        let answer = try post(site, "/late", MultipartText().file("f", "f", "x"))
        #expect(answer.contains("the request has ended"))
    }

    @Test(
        "broken forms are refused before the handler",
        arguments: [
            ("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nv\r\n--b", 400),
            ("--b\r\nContent-Disposition: form-data\r\n\r\nv\r\n--b--", 400),
            ("--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\nv\r\n--b--", 400),
            ("--bad\r\n", 400), ("no boundary at all", 400),
            ("--b\r\nX: \(String(repeating: "x", count: 9000))\r\n\r\nv\r\n--b--", 413),
        ])
    func broken(text: String, status: Int) throws {
        let answer = try site().post("/show", text, type: MultipartText.type)
        #expect(answer.hasPrefix("HTTP/1.1 \(status)") && answer.contains("Connection: close"))
    }

    @Test("parts, fields and the whole are limited, at limit + 1 and not before")
    func limits() throws {
        var form = MultipartText()
        for number in 1...128 { form = form.field("n\(number)", "") }
        #expect(try post(site(), "/show", form).hasPrefix("HTTP/1.1 200"))
        #expect(try post(site(), "/show", form.field("x", "")).hasPrefix("HTTP/1.1 413"))
        let small = MultipartText().field("a", "1")
        let room = 300 - small.field("b", "").body.utf8.count
        #expect(
            try post(site(), "/small", small.field("b", String(repeating: "x", count: room))).hasPrefix(
                "HTTP/1.1 200"))
        let large = small.field("b", String(repeating: "x", count: room + 1))
        #expect(try post(site(), "/small", large).hasPrefix("HTTP/1.1 413"))
    }

    @Test("what a multipart form has not is said")
    func absent() throws {
        let form = MultipartText().field("a", "1")
        #expect(try post(site(), "/body", form).contains("the bytes of a multipart form are not kept"))
        #expect(try post(site(), "/json", form).hasPrefix("HTTP/1.1 400"))
        #expect(body(try site().get("/form")) == "nilnil")
        let answer = try site().post("/show", "x", type: "multipart/form-data")
        #expect(answer.hasPrefix("HTTP/1.1 400") && answer.contains("no valid boundary"))
    }
}

// SPDX-License-Identifier: MIT

import Testing

/// scripts/hello.lua as a visitor meets it.
@Suite("scripts/hello.lua")
struct HelloTests {
    private func hello<Result>(
        _ arguments: [String] = ["--dev", "--workers", "2"], _ body: (RunningServer) throws -> Result
    ) throws -> Result {
        try RunningServer.with("scripts/hello.lua", arguments, body)
    }

    @Test("the page greets the world and shows the method")
    func page() throws {
        try hello { server in
            let page = try server.get("/")
            #expect(page.status == 200)
            #expect(page["content-type"] == "text/html; charset=utf-8")
            #expect(page.text.hasPrefix("<!DOCTYPE html>"))
            #expect(page.text.contains("<h1>Hello, world!</h1>"))
            #expect(page.text.contains("<code>GET</code>"))
            #expect(page.text.contains("not encrypted"))
        }
    }

    @Test("?name= is greeted, decoded once")
    func name() throws {
        try hello { server in
            try #expect(server.get("/?name=Ada").text.contains("<h1>Hello, Ada!</h1>"))
            try #expect(
                server.get("/?name=Gr%C3%BC%C3%9Fe+an+alle").text.contains("<h1>Hello, Grüße an alle!</h1>"))
            try #expect(server.get("/?name=%2541").text.contains("<h1>Hello, %41!</h1>"))
            try #expect(server.get("/?name=").text.contains("<h1>Hello, world!</h1>"))
        }
    }

    @Test("markup in a name comes out inert")
    func markupIsInert() throws {
        try hello { server in
            let script = try server.get("/?name=%3Cscript%3Ealert(1)%3C/script%3E")
            #expect(!script.text.contains("<script"))
            #expect(script.text.contains("<h1>Hello, &lt;script&gt;alert(1)&lt;/script&gt;!</h1>"))
            let attribute = try server.get("/?name=%22%20onfocus=%22alert(1)")
            #expect(attribute.text.contains("value=\"&#34; onfocus=&#34;alert(1)\""))
        }
    }

    @Test("template syntax in a name is not evaluated")
    func templateSyntaxIsInert() throws {
        try hello { server in
            let page = try server.get("/?name=%7B%7B%20method%20%7D%7D%7B%25%20raw%20%25%7D")
            #expect(page.text.contains("<h1>Hello, {{ method }}{% raw %}!</h1>"))
            try #expect(server.get("/?name=[%20method%20]").text.contains("<h1>Hello, [ method ]!</h1>"))
        }
    }

    @Test("a form that was sent is answered, inert too")
    func form() throws {
        try hello { server in
            let answer = try server.post("/", form: "color=sea+green")
            #expect(answer.status == 200)
            #expect(answer.text.contains("sea green is a fine choice."))
            #expect(answer.text.contains("<code>POST</code>"))
            try #expect(server.post("/", form: "color=%3Cb%3E").text.contains("&lt;b&gt; is a fine choice."))
            try #expect(!server.get("/").text.contains("fine choice"))
        }
    }

    @Test("a form without its field is refused with 400")
    func formWithoutField() throws {
        try hello { server in
            let answer = try server.post("/", form: "other=1")
            #expect(answer.status == 400)
            #expect(answer.text.contains("The form has no color."))
            try #expect(server.post("/", form: "color=%ZZ").status == 400)
        }
    }

    @Test("the JSON routes speak JSON")
    func json() throws {
        try hello { server in
            let answer = try server.get("/api/hello?name=%22Ada%22")
            #expect(answer["content-type"] == "application/json")
            #expect(answer.text == #"{"hello":"\"Ada\"","method":"GET"}"#)
            let sum = try server.request(
                "POST", "/api/sum", headers: ["Content-Type": "application/json"], body: "[1, 2, 3.5]")
            #expect(sum.text == #"{"sum":6.5}"#)
        }
    }

    @Test("malformed JSON is answered with 400, JSON of another shape with 422")
    func malformedJSON() throws {
        try hello { server in
            for body in ["[1, 2", "", "[1,]", "nul", "{'a':1}", "[1] []"] {
                let answer = try server.request("POST", "/api/sum", body: body)
                #expect(answer.status == 400, "\(body)")
                #expect(answer.text.contains("not valid JSON"))
            }
            for body in ["5", "null", #"["a"]"#] {
                try #expect(server.request("POST", "/api/sum", body: body).status == 422, "\(body)")
            }
            let deep = String(repeating: "[", count: 100_000)
            try #expect(server.request("POST", "/api/sum", body: deep).status == 400)
        }
    }

    @Test("static files come with type, validators and cache time")
    func staticFile() throws {
        try hello(["--prod", "--workers", "2"]) { server in
            let file = try server.get("/public/style.css")
            #expect(file.status == 200)
            try #expect(file.text == Project.text("public/style.css"))
            #expect(file["content-type"] == "text/css; charset=utf-8")
            #expect(file["cache-control"] == "max-age=3600")
            let tag = try #require(file["etag"])
            let again = try server.get("/public/style.css", headers: ["If-None-Match": tag])
            #expect(again.status == 304)
            #expect(again.body.isEmpty)
            let part = try server.get("/public/style.css", headers: ["Range": "bytes=0-8"])
            #expect(part.status == 206)
            #expect(part.body == Array(file.body.prefix(9)))
        }
    }

    @Test(
        "no path leads out of the directory of static files",
        arguments: [
            "/public/../scripts/hello.lua", "/public/%2e%2e/scripts/hello.lua",
            "/public/..%2fscripts%2fhello.lua",
            "/public/%2e%2e%2fscripts/hello.lua", "/public/..%5cscripts%5chello.lua",
            "/public/style.css%00.lua",
            "/public//etc/passwd", "/public/.hidden",
        ])
    func noWayOut(path: String) throws {
        try hello { server in
            let answer = try server.get(path)
            #expect(answer.status == 400 || answer.status == 404, "\(path): \(answer.status)")
            #expect(!answer.text.contains("require"))
        }
    }

    @Test("what is not there gets the page of the app, inert")
    func notFound() throws {
        try hello { server in
            let answer = try server.get("/nowhere/%3Cb%3E")
            #expect(answer.status == 404)
            #expect(answer.text.contains("There is no such page"))
            #expect(answer.text.contains("<code>/nowhere/&lt;b&gt;</code>"))
            try #expect(server.get("/public/nothing.css").text.contains("There is no such page"))
        }
    }

    @Test("HEAD answers as GET does, without the body")
    func head() throws {
        try hello { server in
            let get = try server.get("/")
            let connection = try Connection(port: server.port)
            try connection.send(
                "HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET /api/hello HTTP/1.1\r\nHost: a\r\n\r\n")
            let head = try connection.response(to: "HEAD")
            #expect(head.status == 200)
            // The page shows the method, which is one letter longer.
            #expect(head["content-length"] == "\(get.body.count + 1)")
            #expect(head["content-type"] == get["content-type"])
            // Had there been a body, this answer would not be found.
            try #expect(connection.response().text == #"{"hello":"world","method":"GET"}"#)
        }
    }

    @Test("a wrong method is answered with 405 and what is allowed; OPTIONS says it too")
    func methods() throws {
        try hello { server in
            let answer = try server.request("DELETE", "/")
            #expect(answer.status == 405)
            #expect(answer["allow"] == "GET, HEAD, POST, OPTIONS")
            let options = try server.request("OPTIONS", "/")
            #expect(options.status == 204)
            #expect(options["allow"] == "GET, HEAD, POST, OPTIONS")
            try #expect(server.request("POST", "/public/style.css", body: "").status == 405)
        }
    }
}

// SPDX-License-Identifier: MIT

import Testing

/// scripts/todo.lua as somebody uses it.
@Suite("scripts/todo.lua")
struct TodoTests {
    private func todo<Result>(_ body: (RunningServer) throws -> Result) throws -> Result {
        try RunningServer.with("scripts/todo.lua", ["--prod"], body)
    }

    @Test("the list is shown within the layout")
    func list() throws {
        try todo { server in
            let page = try server.get("/")
            #expect(page.status == 200)
            #expect(page.text.contains("<title>2 to do</title>"))
            #expect(page.text.contains("<link rel=\"stylesheet\" href=\"/public/style.css\">"))
            #expect(page.text.contains("2 things left"))
            #expect(page.text.contains("Read the README"))
            #expect(page.text.contains("Made with Lua tables"))
        }
    }

    @Test("an entry is added, and its title is inert")
    func add() throws {
        try todo { server in
            let answer = try server.post(
                "/items", form: "title=++Buy+%3Cb%3Emilk%3C/b%3E+%7B%7B+show+%7D%7D&show=open")
            #expect(answer.status == 303)
            #expect(answer["location"] == "/?show=open")
            let page = try server.get("/?show=open").text
            #expect(page.contains(">Buy &lt;b&gt;milk&lt;/b&gt; {{ show }}</a>"))
            #expect(page.contains("3 things left"))
        }
    }

    @Test(
        "a title that is no title is refused with the form again",
        arguments: [
            ("title=", "Give it a name."), ("title=+%0a+", "Give it a name."), ("", "Give it a name."),
            ("title=%FF", "That is not text."),
            ("title=" + String(repeating: "a", count: 201), "That is longer than 200 characters."),
        ])
    func refused(form: String, message: String) throws {
        try todo { server in
            let answer = try server.post("/items", form: form)
            #expect(answer.status == 422)
            #expect(answer.text.contains(message))
            #expect(answer.text.contains("2 things left"))
        }
    }

    @Test("an entry is edited")
    func edit() throws {
        try todo { server in
            let form = try server.get("/items/2")
            #expect(form.status == 200)
            #expect(form.text.contains("value=\"Write an app.lua\""))
            try #expect(server.post("/items/2", form: "title=Write+two").status == 303)
            try #expect(server.get("/").text.contains(">Write two</a>"))
            let refused = try server.post("/items/2", form: "title=")
            #expect(refused.status == 422)
            #expect(refused.text.contains("Give it a name."))
            try #expect(server.get("/").text.contains(">Write two</a>"))
        }
    }

    @Test("entries are ticked off, filtered and cleared")
    func toggle() throws {
        try todo { server in
            try #expect(server.post("/items/2/toggle", form: "show=done")["location"] == "/?show=done")
            let done = try server.get("/?show=done").text
            #expect(done.contains("Write an app.lua") && !done.contains("Show it to somebody"))
            #expect(done.contains("<a href=\"/?show=done\" aria-current=\"page\">Done</a>"))
            let open = try server.get("/?show=open").text
            #expect(!open.contains("Write an app.lua") && open.contains("Show it to somebody"))
            #expect(open.contains("1 thing left"))
            try #expect(server.post("/clear", form: "").status == 303)
            try #expect(server.get("/?show=done").text.contains("Nothing is done yet."))
            try #expect(server.post("/items/3/toggle", form: "show=no-such-filter")["location"] == "/")
            try #expect(server.get("/").text.contains("All done."))
        }
    }

    @Test("entries are deleted, and then they are gone")
    func delete() throws {
        try todo { server in
            for id in 1...3 { try #expect(server.post("/items/\(id)/delete", form: "").status == 303) }
            try #expect(server.get("/").text.contains("Nothing to do. Enjoy the day!"))
            let again = try server.post("/items/1/delete", form: "")
            #expect(again.status == 404)
            #expect(again.text.contains("This entry is gone."))
            try #expect(server.get("/items/1").status == 404)
        }
    }

    @Test("unknown pages get the site's own error page")
    func notFound() throws {
        try todo { server in
            for path in ["/nowhere", "/items/none", "/items/99", "/public/nothing.css"] {
                let answer = try server.get(path)
                #expect(answer.status == 404, "\(path)")
                #expect(answer.text.contains("There is no such page"))
                #expect(answer.text.contains("Back to the list"))
            }
            try #expect(server.request("PUT", "/clear", body: "").status == 405)
            try #expect(server.get("/public/style.css")["content-type"] == "text/css; charset=utf-8")
        }
    }

    @Test("a form on another site changes nothing")
    func crossSite() throws {
        try todo { server in
            let answer = try server.request(
                "POST", "/clear",
                headers: [
                    "Sec-Fetch-Site": "cross-site", "Content-Type": "application/x-www-form-urlencoded",
                ],
                body: "show=all")
            #expect(answer.status == 403)
            try #expect(server.get("/").text.contains("Read the README"))
        }
    }

    @Test("one worker keeps the one list, whatever the number of cores")
    func oneWorker() throws {
        try todo { server in
            #expect(server.command.errors.contains("with 1 worker"))
        }
    }
}

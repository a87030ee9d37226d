// SPDX-License-Identifier: MIT

import Testing

/// `require` in the built program: modules beside the script, and C modules that look up Lua in the program.
@Suite("modules")
struct ModuleTests {
    @Test("C modules of the system load and work")
    func cModules() throws {
        let source = """
            local app = require "luahttpd"
            local cjson, lpeg = require "cjson", require "lpeg"
            local word = lpeg.C(lpeg.R("az") ^ 1)
            app:get("/", function(req)
              return app.json { cjson.encode { a = cjson.decode("[1]") }, word:match("lua54") }
            end)
            """
        try RunningServer.with(source: source) { server in
            try #expect(server.get("/").text == #"["{\"a\":[1]}","lua"]"#)
        }
    }

    @Test("an error raised inside a C module is a 500 with its message")
    func errorInCModule() throws {
        let source = """
            local app = require "luahttpd"
            local cjson = require "cjson"
            app:get("/", function(req) return cjson.decode("{") end)
            """
        try RunningServer.with(source: source) { server in
            let answer = try server.get("/")
            #expect(answer.status == 500)
            #expect(answer.text.contains("Expected object key string"))
        }
    }

    @Test("modules are found beside the script, and bring routes along")
    func besideTheScript() throws {
        let files = [
            "site/api.lua": """
            local app = require "luahttpd"
            local api = app.router()
            api:get("/:id<int>", function(req) return app.json { id = req.params.id } end):name "item"
            return api
            """,
            "site/lib/words/init.lua": "return { hello = \"hi\" }",
        ]
        let source = """
            local app = require "luahttpd"
            app:mount("/api/items", require "site.api")
            app:get("/", function(req) return require("site.lib.words").hello .. app:url_for("item", { id = 7 }) end)
            """
        try RunningServer.with(source: source, files: files) { server in
            try #expect(server.get("/").text == "hi/api/items/7")
            try #expect(server.get("/api/items/7").text == #"{"id":7}"#)
        }
    }
}

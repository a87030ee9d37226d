// SPDX-License-Identifier: MIT

import Foundation
import Testing

/// `require "luahttpd.http"`: an app of the built program that asks itself, on one worker, so that whoever
/// waits must not hold up whoever answers.
struct ClientTests {
    private static let source = """
        local app = require "luahttpd"
        local http = require "luahttpd.http"
        local counts = app.shared "counts"
        local function at(req, path) return "http://127.0.0.1:" .. req.headers.x_port .. path end

        -- What is asked.
        app:any("/echo", function(req)
          local headers = {}
          for name, value in pairs(req.headers) do headers[name] = value end
          return app.json { method = req.method, url = req.url:match("/echo.*"), body = req.body, headers = headers }
        end)
        app:get("/status/:code<int>", function(req) return app.text("nothing", { status = req.params.code }) end)
        app:get("/many", function() return app.text("x", { headers = { ["X-A"] = { "1", "2" }, All = "3" } }) end)
        app:any("/again/:left<int>", function(req)
          local left = req.params.left
          if left == 0 then return app.text(req.method .. " " .. tostring(req.headers.authorization)) end
          return app.redirect("/again/" .. left - 1, 302)
        end)
        app:get("/elsewhere", function(req)
          local path = req.query.to or "/again/0"
          return app.redirect("http://localhost:" .. req.headers.x_port .. path, { external = true })
        end)
        -- That the other side has closed is seen when something is sent: it might only have ended its request.
        app:get("/sleep", function()
          return app.stream(function(out)
            local guard <close> = setmetatable({}, { __close = function() counts:incr "closed" end })
            counts:incr "sleeping"
            while out:write "." and out:flush() do app.sleep(0.02) end
          end)
        end)
        app:get("/large/:size<int>", function(req) return app.text(("x"):rep(req.params.size)) end)
        app:get("/stream/:count<int>", function(req)
          return app.stream(function(out)
            for number = 1, req.params.count do
              if not out:write(("line %d\\r\\n"):format(number)) then return end
              if number % 100 == 0 then app.sleep(0) end
            end
          end)
        end)
        app:get("/flood", function()
          return app.stream(function(out)
            local chunk = ("x"):rep(65536)
            while out:write(chunk) do counts:incr "flooded" end
            counts:incr "ended"
          end)
        end)
        app:get("/count/:name", function(req) return app.text(counts:get(req.params.name) or 0) end)

        -- Who asks.
        app:get("/get", function(req)
          local res = assert(http.get(at(req, "/echo?x=1"), { query = { b = { 1, 2 }, a = "ä &" }, headers = { ["X-Test"] = "yes" } }))
          local echo = res:json()
          return app.json { status = res.status, type = res.headers["CONTENT-type"], alias = res.headers.content_type,
            url = echo.url, test = echo.headers["x-test"], agent = echo.headers["user-agent"], method = echo.method }
        end)
        app:get("/methods", function(req)
          local got = {}
          for _, verb in ipairs { "get", "post", "put", "patch", "delete" } do
            got[#got + 1] = assert(http[verb](at(req, "/echo"))):json().method
          end
          got[#got + 1] = assert(http.head(at(req, "/echo"))).status
          got[#got + 1] = assert(http.request { url = at(req, "/echo"), method = "POST", body = "b" }):json().body
          return app.text(table.concat(got, " "))
        end)
        app:get("/bodies", function(req)
          local json = assert(http.post(at(req, "/echo"), { json = { a = 1 } })):json()
          local form = assert(http.post(at(req, "/echo"), { form = { b = "x y", a = { 1, 2 } } })):json()
          local pieces, number = { "one ", "", "two ", "three" }, 0
          local stream = assert(http.post(at(req, "/echo"), { body = function()
            number = number + 1
            app.sleep(0.001)
            return pieces[number]
          end })):json()
          local function sized(length)
            local number = 0
            local res, message = http.post(at(req, "/echo"), { headers = { ["Content-Length"] = length }, body = function()
              number = number + 1
              return ({ "hel", "lo" })[number]
            end })
            return res and res:json().body .. res:json().headers["content-length"] or message
          end
          return app.json { sized(5), sized(9), sized(4), json.body, json.headers["content-type"], form.body, form.headers["content-type"],
            stream.body, stream.headers["transfer-encoding"] }
        end)
        app:get("/statuses", function(req)
          local got = {}
          for _, code in ipairs { 204, 404, 500 } do got[#got + 1] = assert(http.get(at(req, "/status/" .. code))).status end
          return app.text(table.concat(got, " "))
        end)
        app:get("/repeated", function(req)
          local res = assert(http.get(at(req, "/many")))
          return app.json { res.headers.x_a, res.headers:all "x-a", res.headers:all "all", res.headers:all "none" }
        end)
        app:get("/redirects", function(req)
          local function try(path, options)
            local res, message = http.get(at(req, path), options)
            return res and res.status .. " " .. res.body or message
          end
          local posted = assert(http.post(at(req, "/again/1")))
          return app.json { try("/again/5"), try("/again/6"), try("/again/1", { redirects = 0 }), try("/again/2", { redirects = 1 }),
            posted.status, try("/again/1", { headers = { Authorization = "secret" } }),
            try("/elsewhere", { headers = { Authorization = "secret", ["X-Port"] = req.headers.x_port } }) }
        end)
        app:get("/hosts", function(req)
          local function host(path)
            local headers = { Host = "name.example", ["X-Port"] = req.headers.x_port }
            return assert(http.get(at(req, path), { headers = headers })):json().headers.host
          end
          return app.json { host "/echo", host "/nearby", host "/elsewhere?to=/echo" == "localhost:" .. req.headers.x_port }
        end)
        app:get("/nearby", function() return app.redirect("/echo", 302) end)
        app:get("/endless-upload", function(req)
          local count = 0
          return app.text(select(2, http.post(at(req, "/echo"), { timeout = 0.3, body = function()
            count = count + 1
            app.sleep(0.02)
            return count < 500 and "x" or nil
          end })) or "answered")
        end)
        app:get("/failures", function(req)
          local function why(url, options) return select(2, http.get(url, options)) end
          return app.json { why "http://127.0.0.1:1/", why "nonsense", why(at(req, "/sleep"), { timeout = 0.05 }),
            why(at(req, "/large/2000"), { limit = 1000 }), why(at(req, "/echo"), { headers = { A = "b\\r\\nC: d" } }),
            why(at(req, "/echo"), { headers = { ["A B"] = "c" } }), why(at(req, "/echo"), { headers = { Connection = "close" } }),
            why(at(req, "/a\\r\\nb")) }
        end)
        app:get("/lines", function(req)
          local res <close> = assert(http.get(at(req, "/stream/1000"), { stream = true }))
          local count, last = 0, nil
          for line in res:lines() do
            count = count + 1
            last = line
          end
          return app.text(("%d %s %s"):format(count, last, tostring(res.body)))
        end)
        app:get("/reads", function(req)
          local res = assert(http.get(at(req, "/large/10"), { stream = true }))
          local sizes = {}
          repeat
            local chunk = res:read(4)
            sizes[#sizes + 1] = chunk and #chunk or "end"
          until not chunk
          return app.text(table.concat(sizes, " ") .. " " .. tostring(res:read()))
        end)
        app:get("/slowly", function(req)
          local res = assert(http.get(at(req, "/flood"), { stream = true }))
          assert(res:read())
          -- The other side fills what is between us and then waits.
          local before
          repeat
            before = counts:get "flooded"
            app.sleep(0.2)
          until before == counts:get "flooded"
          local size = 0
          while size < 16 << 20 do size = size + #assert(res:read()) end
          res:close()
          return app.text(before * 65536 < 64 << 20 and "held back" or "flooded " .. before)
        end)
        app:get("/pass", function(req)
          local res, message = http.get(at(req, "/sleep"), { timeout = 50 })
          return app.text(message or res.body)
        end)
        app:get("/parallel", function(req)
          local a, b = app.async(http.get, at(req, "/large/5")), app.async(http.get, at(req, "/large/6"))
          local first, second = app.await(a, b)
          return app.text(#first.body + #second.body)
        end)
        app:get("/given-up", function(req)
          local res, message = app.timeout(0.02, http.get, at(req, "/sleep"))
          return app.text(tostring(res) .. " " .. message)
        end)
        """

    private func with(_ body: (RunningServer, (String) throws -> String) throws -> Void) throws {
        try RunningServer.with(source: Self.source, ["--prod", "--workers", "1"]) { server in
            try body(server) { path in
                try server.get(path, headers: ["X-Port": "\(server.port)"]).text
            }
        }
    }

    @Test func aRequestIsMadeAndItsAnswerRead() throws {
        try with { _, get in
            try #expect(
                get("/get")
                    == #"{"agent":"luahttpd/0.1.0","alias":"application/json","method":"GET","status":200,"#
                    + #""test":"yes","type":"application/json","url":"/echo?x=1&a=%C3%A4%20%26&b=1&b=2"}"#)
            try #expect(get("/methods") == "GET POST PUT PATCH DELETE 200 b")
            try #expect(get("/statuses") == "204 404 500")
            try #expect(get("/repeated") == #"["1, 2",["1","2"],["3"],{}]"#)
            try #expect(get("/parallel") == "11")
        }
    }

    @Test func bodiesAreJSONFormsAndStreams() throws {
        try with { _, get in
            try #expect(
                get("/bodies")
                    == #"["hello5","the body is not as long as its Content-Length says","#
                    + #""the body is not as long as its Content-Length says","{\"a\":1}","application/json","#
                    + #""a=1&a=2&b=x%20y","application/x-www-form-urlencoded","one two three","chunked"]"#)
        }
    }

    @Test func redirectsAreFollowedForReadingOnly() throws {
        try with { _, get in
            try #expect(
                get("/redirects")
                    == #"["200 GET nil","too many redirects","302 ","too many redirects",302,"200 GET secret","#
                    + #""200 GET nil"]"#)
        }
    }

    @Test func theHostOfTheFirstServerIsNotToldToAnother() throws {
        try with { _, get in try #expect(get("/hosts") == #"["name.example","name.example",true]"#) }
    }

    @Test func theTimeoutIsForAllOfAnUpload() throws {
        try with { _, get in try #expect(get("/endless-upload") == "timeout") }
    }

    @Test func whatGoesWrong_IsNilAndAMessage() throws {
        try with { _, get in
            let expected = [
                "127.0.0.1:1: Connection refused",
                "the URL must begin with http:// or https://",
                "timeout",
                "the body is larger than 1000 bytes (option limit)",
                "the header A has a line break or another control character in its value",
                "a name of a header is not valid",
                "the header Connection belongs to the connection: leave it out"
                    + " (http.forwardable(headers) does when headers are passed on)",
                "the URL has control characters",
            ]
            let text = try get("/failures")
            #expect(try JSONDecoder().decode([String].self, from: Data(text.utf8)) == expected)
        }
    }

    @Test func anAnswerIsReadPieceByPiece() throws {
        try with { _, get in
            try #expect(get("/lines") == "1000 line 1000 nil")
            try #expect(get("/reads") == "4 4 2 end nil")
        }
    }

    @Test func theOtherSideIsHeldBack() throws {
        try with { server, get in
            try #expect(get("/slowly") == "held back")
            // Closing ended it.
            try poll(server, "/count/ended", until: "1")
        }
    }

    @Test func aRequestThatIsGivenUpEndsOnTheOtherSideToo() throws {
        try with { server, get in
            try #expect(get("/given-up") == "nil timeout")
            try poll(server, "/count/closed", until: "1")
            let connection = try Connection(port: server.port)
            try connection.send(Connection.bytes(of: "GET", "/pass", headers: ["X-Port": "\(server.port)"]))
            try poll(server, "/count/sleeping", until: "2")
            connection.reset()
            try poll(server, "/count/closed", until: "2")
        }
    }

    private func poll(_ server: RunningServer, _ path: String, until text: String) throws {
        let end = Date(timeIntervalSinceNow: Command.patience)
        while try server.get(path).text != text {
            guard Date() < end else { throw Command.Failure(description: "\(path) never says \(text)") }
            usleep(5000)
        }
    }

    @Test func mistakesAreTold() throws {
        let source = """
            local app = require "luahttpd"
            local http = require "luahttpd.http"
            local function told(...) return (select(2, pcall(...)):gsub("^app.lua:%d+: ", "")) end
            app:get("/", function()
              return app.json { told(http.get), told(http.get, "http://h/", { timout = 1 }),
                told(http.post, "http://h/", { body = "a", json = 1 }), told(http.get, "http://h/", { headers = { A = {{}} } }),
                told(http.request, { method = "GET" }), told(http.get, "http://h/", { limit = "big" }),
                told(http.get, "http://h/", { timeout = 0 }), told(http.post, "http://h/", { body = true }) }
            end)
            """
        try RunningServer.with(source: source, ["--prod"]) { server in
            let expected = [
                "http.get expects a URL, not nothing",
                "unknown option 'timout' of http.get (did you mean 'timeout'?)",
                "give one of json, form and body",
                "the header A must be a string, a number or a list of them, not a table",
                "http.request expects a URL",
                "option 'limit' must be a number of bytes or a size such as \"8MiB\"",
                "timeout must be a positive number of seconds",
                "body (a string, or a function that gives strings) must be a function, not a boolean",
            ]
            let told = try JSONDecoder().decode([String].self, from: Data(server.get("/").body))
            #expect(told == expected)
        }
    }

    @Test func itIsRefusedWhileTheAppLoads() throws {
        try AppDirectory.with(["app.lua": "require('luahttpd.http').get('http://127.0.0.1:1/')"]) {
            directory in
            let run = try Command.run("check", "app.lua", directory: directory.url)
            #expect(run.code == 1)
            #expect(run.errors.contains("app.lua:1: not while the app is loading: do it in a handler"))
        }
    }
}

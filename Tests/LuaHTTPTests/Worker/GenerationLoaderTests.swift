// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

/// From a main script to routes and handlers, without a server.
struct GenerationLoaderTests {
    private let directory = TemporaryDirectory()

    private func load(_ source: String, memoryLimit: Int = 64 << 20) throws(ScriptError) -> Generation {
        directory.write("app.lua", source)
        let loader = GenerationLoader(
            script: directory.path + "/app.lua", isDevelopment: true, memoryLimit: memoryLimit)
        return try loader.load(
            services: ScriptServices(
                log: { _, _, _ in },
                sleep: { _ throws(HostError) in throw .message("cannot wait while the app is loading") }))
    }

    /// "line: message" of the failure.
    private func failure(_ source: String) -> String {
        do throws(ScriptError) {
            _ = try load(source)
            return "no failure"
        } catch {
            let place = error.file.map { $0.hasSuffix("/app.lua") ? "\(error.line ?? 0): " : "\($0)?" } ?? ""
            return place + error.message
        }
    }

    @Test func whatTheScriptDeclares() throws {
        directory.write(
            "users.lua",
            "local r = require('luahttpd').router() r:get('/', function() return 'users' end) return r")
        directory.makeDirectory("public")
        let generation = try load(
            """
            #!/usr/bin/env luahttpd
            local app = require "luahttpd"
            app:config { port = 8081 }
            app:get("/", function() return "root" end)
            app:mount("/users", require "users")
            app:static("/public", "public")
            app:post("/upload", { limits = { body = "1MiB" } }, function() end)
            app:error(404, function() end)
            """)
        #expect(generation.settings.port == 8081)
        #expect(generation.routes.map(\.path) == ["/", "/public/", "/public/*path", "/upload", "/users"])
        #expect(generation.routes[3].limits == [.bodyBytes: 1 << 20])
        #expect(generation.routes[0].origin.hasSuffix("app.lua:4"))
        #expect(generation.mounts.count == 2)
        #expect(generation.hasErrorHandlers)
        #expect(generation.errorHandler(for: 404) != nil)
        #expect(generation.errorHandler(for: 500) == nil)
        #expect(generation.handlers.count == 4)
        #expect(generation.vm.liveReferences == ScriptFixture.references + 1 + 4)
    }

    @Test func mistakesEndTheLoading() {
        #expect(failure("local x = = 5") == "1: unexpected symbol near '='")
        #expect(failure("\nerror('no')") == "2: no")
        #expect(failure("require('luahttpd').sleep(1)") == "1: cannot wait while the app is loading")
        #expect(
            failure("coroutine.yield()").hasSuffix("waits or yields while it loads; do that in a handler"))
        #expect(
            failure("local app = require 'luahttpd'\napp:config { port = 99999 }")
                == "2: app:config: port must be a whole number from 0 to 65535")
        #expect(
            failure("local app = require 'luahttpd'\napp:get('/a', print)\napp:get('/a', print)").hasPrefix(
                "3: "))
        #expect(failure("local app = require 'luahttpd'\napp:get('/:id/:id', print)").hasPrefix("2: "))
        #expect(failure("local app = require 'luahttpd'\napp:static('/s', 'missing')").hasPrefix("2: "))
        #expect(failure("\u{1B}Lua").hasSuffix("is Lua bytecode: give the source"))
        #expect(
            failure("local app = require 'luahttpd'\napp:get('/', { limits = { body = '1 potato' } }, print)")
                == "2: limits.body must be a number of bytes or a size such as \"8MiB\", from 1 to 1024GiB")
        #expect(failure("require 'no_such_module'").hasPrefix("1: module 'no_such_module' not found"))
    }

    @Test func aByteOrderMarkIsSkipped() throws {
        #expect(try load("\u{FEFF}#!/usr/bin/env luahttpd\nlocal x = 1").routes.isEmpty)
        #expect(failure("\u{FEFF}\nerror('no')") == "2: no")
    }

    @Test func aMissingScriptIsNamed() {
        let loader = GenerationLoader(
            script: directory.path + "/none.lua", isDevelopment: true, memoryLimit: 64 << 20)
        do throws(ScriptError) {
            _ = try loader.load(
                services: ScriptServices(log: { _, _, _ in }, sleep: { _ throws(HostError) in }))
            Issue.record("loaded")
        } catch {
            #expect(error.message.hasPrefix("cannot read \(directory.path)/none.lua: "))
        }
    }

    @Test func aGenerationIsReleasedWithItsVM() throws {
        weak var vm: LuaVM?
        do {
            let generation = try load("require('luahttpd'):get('/', function() return 'x' end)")
            vm = generation.vm
            #expect(vm != nil)
        }
        #expect(vm == nil)
    }
}

// SPDX-License-Identifier: MIT

import Testing

/// The command line: checks, settings, and what it says when something is wrong.
@Suite("the command")
struct CommandTests {
    private let source = """
        local app = require "luahttpd"
        app:get("/", function(req) print("served", 1) return "hello" end):name "home"
        app:route { method = { "PUT", "DELETE" }, path = "/items/:id<int>", handler = function() return "" end }
        """

    private func app(_ text: String, _ files: [String: String] = [:], _ body: (AppDirectory) throws -> Void)
        throws
    {
        try AppDirectory.with(files.merging(["app.lua": text]) { $1 }, body)
    }

    @Test("check says that all is right")
    func check() throws {
        try app(source, ["templates/a.html": "{{ a }}", "templates/b/c.html": "{% include 'a.html' %}"]) {
            directory in
            let run = try Command.run("check", "app.lua", directory: directory.url)
            #expect(run.code == 0)
            #expect(run.output == "app.lua: 2 routes, 2 templates: all right\n")
            #expect(run.errors.isEmpty)
        }
    }

    @Test("check warns of values that escaping does not protect, and is content with them")
    func markupWarnings() throws {
        let templates = ["templates/a.html": "<a class={{ a }}>"]
        try app(source, templates) { directory in
            let run = try Command.run("check", "app.lua", directory: directory.url)
            #expect(run.code == 0)
            #expect(run.output.hasSuffix("all right\n"))
            #expect(run.errors.contains("a value in an attribute without quotes"), "\(run.errors)")
        }
        try app(source + "\napp:config { lint = \"off\" }", templates) { directory in
            let run = try Command.run("check", "app.lua", directory: directory.url)
            #expect(run.code == 0 && run.errors.isEmpty)
        }
    }

    @Test("check looks at the environment, and at names in it that were meant otherwise")
    func checkEnvironment() throws {
        try app(source) { directory in
            func check(_ environment: [String: String]) throws -> (code: Int32, errors: String) {
                let run = try Command.run(
                    "check", "app.lua", environment: environment, directory: directory.url)
                return (run.code, run.errors)
            }
            let wrong = try check(["LUAHTTPD_PORT": "x"])
            #expect(wrong.code == 1 && wrong.errors.contains("LUAHTTPD_PORT=x"))
            let misspelt = try check(["LUAHTTPD_WORKES": "2", "LUAHTTPD_OF_THE_APP": "1"])
            #expect(misspelt.code == 0)
            #expect(misspelt.errors.contains("LUAHTTPD_WORKES"))
            #expect(misspelt.errors.contains("did you mean LUAHTTPD_WORKERS?"))
            #expect(!misspelt.errors.contains("OF_THE_APP"))
        }
    }

    @Test("a misspelt command is no script")
    func misspeltCommand() throws {
        try app(source) { directory in
            for arguments in [["chek", "app.lua"], ["chek"]] {
                let run = try Command(arguments, directory: directory.url)
                try #expect(run.exitCode() == 64)
                #expect(
                    run.errors.contains("no file or command 'chek' (did you mean 'check'?)"), "\(run.errors)")
            }
        }
    }

    @Test("routes lists the routes and where they are defined")
    func routes() throws {
        try app(source) { directory in
            let run = try Command.run("routes", "app.lua", directory: directory.url)
            #expect(run.code == 0)
            let lines = run.output.split(separator: "\n").map(String.init)
            #expect(lines.first == "METHOD      PATH             NAME  DEFINED AT")
            #expect(lines.contains("GET         /                home  app.lua:2"))
            #expect(lines.contains { $0.contains("/items/:id<int>") && $0.hasSuffix("app.lua:3") })
        }
    }

    @Test("config prints what is in force and who set it")
    func config() throws {
        let text = """
            local app = require "luahttpd"
            app:config { workers = 3, limits = { body = "1MiB", head_time = 5 } }
            """
        try app(text) { directory in
            let run = try Command.run(
                "config", "app.lua", "--port", "81", environment: ["LUAHTTPD_LOG_LEVEL": "warn"],
                directory: directory.url)
            #expect(run.code == 0)
            func row(_ name: String) -> [String] {
                let line = run.output.split(separator: "\n").first { $0.hasPrefix(name + " ") } ?? ""
                return line.split(separator: " ").dropFirst().prefix(2).map(String.init)
            }
            #expect(row("port") == ["81", "flag"])
            #expect(row("log_level") == ["warn", "LUAHTTPD_LOG_LEVEL"])
            #expect(row("workers") == ["3", "app:config"])
            #expect(row("host") == ["127.0.0.1", "default"])
            #expect(row("limits.body") == ["1MiB", "app:config"])
            #expect(row("limits.head_time") == ["5s", "app:config"])
            #expect(row("limits.idle_time") == ["1m", "default"])
            // Each limit there is has its line in the documentation.
            let documentation = try Project.text("docs/lua-api.md")
            for line in run.output.split(separator: "\n") where line.hasPrefix("limits.") {
                let name = line.split(separator: " ")[0].dropFirst("limits.".count)
                #expect(documentation.contains("`\(name)`"), "\(name)")
            }
        }
        let bare = try Command.run("config")
        #expect(bare.code == 0 && bare.output.contains("limits.fields"))
        let wrong = try Command.run("config", environment: ["LUAHTTPD_PORT": "x"])
        #expect(wrong.code == 1 && wrong.errors.contains("LUAHTTPD_PORT=x"))
    }

    @Test("the version names the release of Lua")
    func version() throws {
        let run = try Command.run("--version")
        #expect(run.code == 0)
        #expect(run.output.firstMatch(of: /^luahttpd \d+\.\d+\.\d+ \(Lua 5\.4\.\d+\)\n$/) != nil)
    }

    @Test("help names the subcommands and the environment")
    func help() throws {
        let run = try Command.run("--help")
        #expect(run.code == 0)
        for text in ["luahttpd app.lua", "check", "routes", "config", "LUAHTTPD_HOST"] {
            #expect(run.output.contains(text))
        }
        let serve = try Command.run("help", "serve").output
        for flag in ["--host", "--port", "--workers", "--dev", "--prod", "--log-level", "--no-access-log"] {
            #expect(serve.contains(flag), "\(flag)")
        }
    }

    @Test("completions are written for each shell", arguments: ["bash", "zsh", "fish"])
    func completions(shell: String) throws {
        let run = try Command.run("--generate-completion-script", shell)
        #expect(run.code == 0)
        #expect(run.output.contains("luahttpd"))
    }

    @Test(
        "a syntax error is shown with its lines, and nothing listens",
        arguments: [["check"], ["serve", "--port", "0"]])
    func syntaxError(command: [String]) throws {
        try app("local app = require \"luahttpd\"\n\napp:get(\"/\", function(req)\n  return = 1\nend)\n") {
            directory in
            let run = try Command(command + ["app.lua"], directory: directory.url)
            try #expect(run.exitCode() == 1)
            #expect(run.errors.contains("error: app.lua:4: unexpected symbol near '='"))
            #expect(run.errors.contains("4 >   return = 1"))
            #expect(!run.errors.contains(" serves "))
        }
    }

    @Test(
        "a mistake at load is shown with its place",
        arguments: [
            ("app:get(\"users\", function() end)", "app.lua:2: route path \"users\" must start with '/'"),
            ("app.get(\"/\", function() end)", "app.lua:2: call it with a colon: app:get(…)"),
            ("app:gte(\"/\", function() end)", "app.lua:2: app has no 'gte' (did you mean 'get'?)"),
            (
                "app:config { prot = 1 }",
                "app.lua:2: unknown setting 'prot' in app:config (did you mean 'port'?)"
            ),
            ("app:config { port = 70000 }", "port must be a whole number from 0 to 65535"),
            ("app:static(\"/a\", \"nowhere\")", "app.lua:2: app:static: cannot open the directory ./nowhere"),
            ("app:config { templates = \"nowhere\" }", "./nowhere is not a directory"),
            ("require \"nowhere\"", "module 'nowhere' not found"),
            ("error({})", "app.lua:2: error object is a table value"), ("app.sleep(1)", "while"),
        ])
    func mistakes(line: String, message: String) throws {
        try app("local app = require \"luahttpd\"\n\(line)\n") { directory in
            let run = try Command.run("check", "app.lua", directory: directory.url)
            #expect(run.code == 1)
            #expect(run.errors.contains(message), "\(run.errors)")
        }
    }

    @Test("routes that are the same are an error that names both places")
    func duplicateRoutes() throws {
        let source = """
            local app = require "luahttpd"
            app:get("/users/:id", function() end)
            app:get("/users/:name", function() end)
            """
        try app(source) { directory in
            let run = try Command.run("check", "app.lua", directory: directory.url)
            #expect(run.code == 1)
            #expect(run.errors.contains("app.lua:2"))
            #expect(run.errors.contains("app.lua:3"))
        }
    }

    @Test("a broken template is reported with line and column before anything listens")
    func brokenTemplate() throws {
        try app(source, ["templates/page.html": "<h1>\n  {{ title | uper }}\n</h1>\n"]) { directory in
            for arguments in [["check", "app.lua"], ["app.lua", "--port", "0"]] {
                let run = try Command(arguments, directory: directory.url)
                try #expect(run.exitCode() == 1)
                #expect(run.errors.contains("page.html:2:"), "\(run.errors)")
                #expect(run.errors.contains("{{ title | uper }}"))
                #expect(!run.errors.contains(" serves "))
            }
        }
    }

    @Test("a missing file is one clear line")
    func missingFile() throws {
        let run = try Command.run("no-such-app.lua")
        #expect(run.code == 1)
        #expect(run.errors == "error: cannot read no-such-app.lua: No such file or directory\n")
    }

    @Test("a port in use is one clear line")
    func portInUse() throws {
        try app(source) { directory in
            try RunningServer.with("app.lua", directory: directory.url) { server in
                let run = try Command.run("app.lua", "--port", "\(server.port)", directory: directory.url)
                #expect(run.code == 1)
                #expect(run.errors.contains("cannot listen on 127.0.0.1:\(server.port): the port is in use"))
                try #expect(server.get("/").status == 200)
            }
        }
    }

    @Test("flags win over the environment, the environment over app:config")
    func precedence() throws {
        try app("local app = require \"luahttpd\"\napp:config { workers = 3 }\n") { directory in
            try RunningServer.with("app.lua", [], directory: directory.url) {
                #expect($0.command.errors.contains("with 3 workers"))
            }
            let environment = ["LUAHTTPD_WORKERS": "2", "LUAHTTPD_MODE": "prod"]
            try RunningServer.with("app.lua", [], environment: environment, directory: directory.url) {
                #expect($0.command.errors.contains("with 2 workers"))
                #expect($0.command.errors.contains("production:"))
            }
            let flags = ["--workers", "1", "--dev"]
            try RunningServer.with("app.lua", flags, environment: environment, directory: directory.url) {
                #expect($0.command.errors.contains("with 1 worker\n"))
                #expect($0.command.errors.contains("development:"))
            }
        }
    }

    @Test("a setting without a valid value is refused by its name")
    func invalidSettings() throws {
        try app(source) { directory in
            for (name, value) in [
                ("LUAHTTPD_PORT", "http"), ("LUAHTTPD_WORKERS", "0"), ("LUAHTTPD_MODE", "test"),
                ("LUAHTTPD_ACCESS_LOG", "maybe"), ("LUAHTTPD_EDITOR", "vim"),
            ] {
                let run = try Command.run("app.lua", environment: [name: value], directory: directory.url)
                #expect(run.code == 1)
                #expect(run.errors.contains("\(name)=\(value): must be"))
            }
            try #expect(Command.run("app.lua", "--port", "70000", directory: directory.url).code != 0)
            try #expect(
                Command.run("app.lua", "--log-level", "loud", "--port", "0", directory: directory.url).code
                    == 1)
        }
    }

    @Test("print goes to the log with its place, requests to the access log")
    func logs() throws {
        try app(source) { directory in
            try RunningServer.with("app.lua", ["--dev"], directory: directory.url) { server in
                try #expect(server.get("/?a=%22b").text == "hello")
                server.command.signal(15)
                try #expect(server.command.exitCode() == 0)
                #expect(server.command.errors.contains("app.lua:2: served\t1"))
                #expect(server.command.output.hasPrefix("GET /?a=%22b 200 "))
                #expect(server.command.output.hasSuffix(" 5 B\n"))
            }
            try RunningServer.with("app.lua", ["--no-access-log"], directory: directory.url) { server in
                try #expect(server.get("/").status == 200)
                server.command.signal(15)
                try #expect(server.command.exitCode() == 0)
                #expect(server.command.output.isEmpty)
            }
            try RunningServer.with("app.lua", ["--log-level", "warn"], directory: directory.url) { server in
                try #expect(server.get("/").status == 200)
                #expect(!server.command.errors.contains("served\t1"))
            }
        }
    }
}

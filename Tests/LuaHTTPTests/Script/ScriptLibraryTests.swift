// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

/// `require "luahttpd"`: what it accepts, what it makes of it, and what it says of mistakes.
struct ScriptLibraryTests {
    // MARK: Mistakes of authors: message and place

    private static let mistakes: [(String, String)] = [
        // Routes.
        ("app.get('/', print)", "call it with a colon: app:get(…)"),
        ("app:get(5, print)", "route path must be a string such as \"/users/:id\", not a number"),
        ("app:get('users', print)", "route path \"users\" must start with '/'"),
        ("app:get('/')", "route handler must be a function, not nothing"),
        ("app:get('/', {})", "route handler must be a function, not a table"),
        ("app:get('/', { limit = {} }, print)", "unknown route option 'limit' (did you mean 'limits'?)"),
        ("app:get('/', { json = 1 }, print)", "route option 'json' must be a boolean, not a number"),
        ("app:route('/')", "app:route expects a table: { method = \"GET\", path = \"/\", handler = fn }"),
        (
            "app:route { path = '/', handlr = print }",
            "unknown field 'handlr' in app:route (did you mean 'handler'?)"
        ),
        ("app:route { path = '/' }", "handler must be a function, not nothing"),
        (
            "app:route { path = '/', handler = print, method = { 1 } }",
            "method must be a string or a list of strings"
        ),
        ("app:route { path = '/', handler = print, name = 5 }", "route name must be a string, not a number"),
        ("app:route { path = '/', handler = print, json = 1 }", "json must be a boolean, not a number"),
        (
            "app:get('/', { limits = { bdy = 1 } }, print)",
            "unknown limit 'bdy' (did you mean 'body'?)"
        ),
        ("app:get('/', print):name ''", "route name must not be empty"),
        ("app:get('/', print).name 'x'", "call it with a colon: app:get(…):name \"user\""),
        ("app.text 'x'.header('A', 'b')", "call it with a colon: response:header(name, value)"),
        ("app.text 'x'.cookie('a', 'b')", "call it with a colon: response:cookie(name, value)"),
        ("app.array(app)", "app.array expects a plain table: this one has a metatable already"),
        ("require 'luahttpd.json'.object(5)", "json.object expects a table, not a number"),
        // Nothing is looked for that is like a name of that length.
        ("app:url_for(('x'):rep(65))", "there is no route named '" + String(repeating: "x", count: 65) + "'"),
        ("app:match('x', 'y', print)", "route path \"y\" must start with '/'"),
        ("app:get('/', print):name(5)", "route name must be a string, not a number"),
        (
            "app:get('/', print):name 'a' app:get('/b', print):name 'a'",
            "the route name 'a' is already taken at app.lua:2"
        ),
        (
            "app:get('/', print):name 'a' app:match('a', '/b', print)",
            "the route name 'a' is already taken at app.lua:2"
        ),
        // Hooks, groups, mounts, files.
        ("app:before()", "hook must be a function, not nothing"),
        ("app:before('admin', print)", "prefix \"admin\" must start with '/'"),
        ("app:after(5, print)", "prefix must be a string, not a number"),
        ("app:use('/x', 5)", "hook must be a function, not a number"),
        ("app:group('/x')", "the function of a group must be a function, not nothing"),
        ("app:group(print)", "group prefix must be a string such as \"/users/:id\", not a function"),
        (
            "app:mount('/x', {})",
            "app:mount expects a router made by app.router(), not a table (does the module return it?)"
        ),
        ("app:static('/x')", "directory of static files must be a string, not nothing"),
        (
            "app:static('/x', 'd', { cach = 1 })",
            "unknown option 'cach' of app:static (did you mean 'cache'?)"
        ),
        (
            "app:static('/x', 'd', { cache = 1 })",
            "option 'cache' of app:static must be a string or table, not a number"
        ),
        ("app:static('/x', 'd', 5)", "options of app:static must be a table, not a number"),
        // Errors and settings.
        ("app:error(200, print)", "app:error expects a status from 400 to 599 or \"*\", not 200"),
        ("app:error('404', print)", "app:error expects a status from 400 to 599 or \"*\", not 404"),
        ("app:error(404)", "error handler must be a function, not nothing"),
        (
            "app:error(404, print) app:error(404, print)",
            "the error handler for 404 is already defined at app.lua:2"
        ),
        (
            "app:group('/x', function(g) g:error(404, print) end)",
            "app:error belongs to the app, not to a group"
        ),
        ("app:config(5)", "app:config expects a table such as { port = 8080 }, not a number"),
        ("app:config { prot = 80 }", "unknown setting 'prot' in app:config (did you mean 'port'?)"),
        ("app:config { port = '80' }", "setting 'port' must be a number, not a string"),
        ("app:config { limits = { bodi = 1 } }", "unknown limit 'bodi' (did you mean 'body'?)"),
        // Responses.
        ("app.html(5)", "app.html expects a string, not a number"),
        ("app.text()", "app.text expects a string, not nothing"),
        ("app.text('x', 5)", "response options must be a table such as { status = 201 }, not a number"),
        (
            "app.text('x', { stats = 1 })",
            "unknown response option 'stats' (did you mean 'status'?); options are status, headers, cookies, content_type, compress"
        ),
        (
            "app.text('x', { ['%d'] = 1 })",
            "unknown response option '%d'; options are status, headers, cookies, content_type, compress"
        ),
        ("app.json({}, { status = '1' })", "response option 'status' must be a number, not a string"),
        ("app.json(print)", "cannot write the value as JSON: it is a function"),
        ("app.empty('x')", "app.empty expects a status, not a string"),
        ("app.redirect()", "app.redirect expects a URL, not nothing"),
        ("app.redirect('/x', 'y')", "app.redirect expects a status or options, not a string"),
        ("app.redirect('/x', 200)", "200 is not a redirect: use 301, 302, 303, 307 or 308"),
        // Browsers leave tabs out, and then it is another host.
        ("app.redirect('/\\t/evil.org')", "redirect to a URL with control characters"),
        (
            "app.redirect('//evil.org')",
            "redirect to another host: \"//evil.org\" (write app.redirect(url, { external = true }) if it is meant)"
        ),
        (
            "app.redirect('https://evil.org/%20')",
            "redirect to another host: \"https://evil.org/%20\" (write app.redirect(url, { external = true }) if it is meant)"
        ),
        (
            "app.redirect('/\\\\evil.org')",
            "redirect to another host: \"/\\evil.org\" (write app.redirect(url, { external = true }) if it is meant)"
        ),
        (
            "app.redirect('javascript:alert(1)')",
            "redirect to another host: \"javascript:alert(1)\" (write app.redirect(url, { external = true }) if it is meant)"
        ),
        ("app.redirect('/x\\r\\nSet-Cookie: a')", "redirect to a URL with control characters"),
        ("app.file(5)", "app.file expects a path, not a number"),
        ("app.file('x', 5)", "response options must be a table such as { status = 201 }, not a number"),
        ("app.file('x', { filename = 5 })", "option 'filename' must be a string, not a number"),
        ("app.abort(200)", "app.abort expects a status from 400 to 599, not 200"),
        ("app.abort(404, {})", "app.abort expects a message, not a table"),
        (
            "app.abort(404, 'x', 'p.html')",
            "app.abort(status, vars, \"page.html\") expects a table and a template name"
        ),
        ("app.safe(5)", "app.safe expects a string, not a number"),
        ("app.array(5)", "app.array expects a table, not a number"),
        ("app.text('x'):header(5)", "header name must be a string, not a number"),
        ("app.text('x'):cookie(5)", "cookie name must be a string, not a number"),
        ("app.text('x'):cookie('a', 'b', 5)", "cookie options must be a table, not a number"),
        // The rest.
        ("app:url_for('user')", "there is no route named 'user'"),
        (
            "app:get('/', print):name 'user' app:url_for('usr')",
            "there is no route named 'usr' (did you mean 'user'?)"
        ),
        (
            "app:get('/', print):name 'u' app:url_for('u', 5)",
            "parameters of url_for must be a table, not a number"
        ),
        (
            "app:get('/:id', print):name 'u' app:url_for('u', {}, 5)",
            "query of url_for must be a table, not a number"
        ),
        ("app:gett('/', print)", "app has no 'gett' (did you mean 'get'?)"),
        ("app.router().gett()", "app has no 'gett' (did you mean 'get'?)"),
        ("app.title = 'x'", "app.title cannot be set; keep your own data in local variables"),
        ("app.sleep(-1)", "app.sleep expects a number of seconds from 0 to a year"),
        ("app.sleep(0/0)", "app.sleep expects a number of seconds from 0 to a year"),
        ("require('luahttpd.json').decode(5)", "json.decode expects a string, not a number"),
    ]

    @Test(arguments: mistakes.indices) func mistakesAreNamedWithTheirLine(_ index: Int) throws {
        let (source, message) = Self.mistakes[index]
        let fixture = try ScriptFixture()
        #expect(fixture.run("\n" + source) == "app.lua:2: " + message)
        #expect(fixture.vm.liveReferences == ScriptFixture.references)
    }

    /// `return app.json(…)` replaces the handler's own frame: no line is better than one of the library.
    @Test func aTailCallIsNotBlamedOnTheLibrary() throws {
        let fixture = try ScriptFixture()
        #expect(fixture.run("return app.html(5)") == "app.html expects a string, not a number")
        #expect(fixture.run("return app.json(print)") == "cannot write the value as JSON: it is a function")
    }

    // MARK: Responses

    @Test func responsesHaveTheirFields() throws {
        let fixture = try ScriptFixture()
        func fields(_ expression: String) -> String {
            fixture.run(
                """
                local parts = {}
                local function add(prefix, t)
                  for k, v in pairs(t) do
                    if type(v) == "table" then add(prefix .. k .. ".", v) else parts[#parts + 1] = prefix .. k .. "=" .. tostring(v) end
                  end
                end
                add("", \(expression)) table.sort(parts) return table.concat(parts, " ")
                """)
        }
        #expect(fields("app.json { a = 1 }") == "body={\"a\":1} content_type=application/json")
        #expect(
            fields("app.json(app.array {}, { status = 201 })")
                == "body=[] content_type=application/json status=201")
        #expect(fields("app.html 'x'") == "body=x content_type=text/html; charset=utf-8")
        #expect(fields("app.text(5)") == "body=5 content_type=text/plain; charset=utf-8")
        #expect(fields("app.text('x', { content_type = 'text/csv' })") == "body=x content_type=text/csv")
        #expect(fields("app.empty()") == "body= status=204")
        #expect(fields("app.empty(404)") == "body= status=404")
        #expect(fields("app.empty { headers = { A = 'b' } }") == "body= headers.A=b status=204")
        #expect(fields("app.redirect '/x'") == "body= headers.Location=/x status=303")
        #expect(fields("app.redirect('/x', 301)") == "body= headers.Location=/x status=301")
        #expect(
            fields("app.redirect('https://a.org/é x', { external = true })")
                == "body= headers.Location=https://a.org/%C3%A9%20x status=303")
        #expect(
            fields("app.redirect('/x', { headers = { A = 'b' }, status = 307 })")
                == "body= headers.A=b headers.Location=/x status=307")
        #expect(fields("app.file('a.pdf', { filename = 'b.pdf' })") == "file=a.pdf filename=b.pdf")
        #expect(
            fields("app.text('x'):header('A', 'b'):cookie('c', 'd', { path = '/' })")
                == "body=x content_type=text/plain; charset=utf-8 cookies.c.path=/ cookies.c.value=d headers.A=b"
        )
        #expect(fields("app.safe '<b>'") == "html=<b>")
    }

    @Test func optionsOfTheCallerAreNotChanged() throws {
        let fixture = try ScriptFixture()
        #expect(
            fixture.run(
                """
                local options = { headers = { A = "b" } }
                app.redirect("/x", options) app.redirect("/y", options)
                return options.headers.Location, options.status
                """) == "nil nil")
    }

    @Test func abortRaisesItsStatus() throws {
        let fixture = try ScriptFixture()
        #expect(
            fixture.run("local _, e = pcall(app.abort, 404, 'gone') return e, e.status, e.message")
                == "abort 404: gone 404 gone")
        #expect(
            fixture.run(
                "local _, e = pcall(app.abort, 422, { a = 1 }, 'p.html') return e, e.vars.a, e.template")
                == "abort 422 1 p.html")
    }

    @Test func resultsThatDoNotFitAreExplained() throws {
        let fixture = try ScriptFixture()
        #expect(fixture.explanation(of: "nil").hasPrefix("returned nothing: return { … }"))
        #expect(
            fixture.explanation(of: "nil, 'p.html'")
                == "returned nil as variables of the template 'p.html': return {}, \"p.html\"")
        #expect(
            fixture.explanation(of: "app.text 'x', { status = 1 }").hasPrefix(
                "returned a response and a table after it"))
        #expect(fixture.explanation(of: "{}").hasPrefix("returned variables but no template name"))
        #expect(
            fixture.explanation(of: "{}, 5")
                == "returned a number as template name: it must be a string such as \"page.html\"")
        #expect(fixture.explanation(of: "'x', 5").hasPrefix("returned a string and something after it"))
        #expect(
            fixture.explanation(of: "{}, 'p.html', 201").hasPrefix("returned a number as response options"))
        #expect(
            fixture.explanation(of: "{}, 'p.html', {}, 5")
                == "returned more than three values: variables, template, options")
        #expect(fixture.explanation(of: "5").hasPrefix("returned a number: return { … }"))
        #expect(fixture.complaint(about: "{ status = 1 }") == nil)
        #expect(fixture.complaint(about: "{ stat = 1 }")?.hasPrefix("unknown response option 'stat'") == true)
        #expect(
            fixture.complaint(about: "{ status = 'x' }")
                == "response option 'status' must be a number, not a string")
    }

    // MARK: Log and globals

    @Test func linesOfTheLogCarryTheirPlace() throws {
        let fixture = try ScriptFixture()
        fixture.run(
            "\nprint('a', 1, nil)\napp.log.warn('careful', { user = 'ann', text = 'a b' })\napp.log.debug(5)")
        #expect(
            fixture.log == [
                "info app.lua:2: a\t1\tnil", "warn app.lua:3: careful text=\"a b\" user=ann",
                "debug app.lua:4: 5",
            ])
        fixture.run("\napp:run()")
        #expect(
            fixture.log.last == "info app.lua:2: app:run() does nothing: the luahttpd command runs the app")
    }

    @Test func newGlobalsAreErrorsInDevelopment() throws {
        let fixture = try ScriptFixture()
        fixture.run("declared = 1 package.preload.m = function() set_by_module = 1 return 5 end")
        _ = try fixture.definition()
        #expect(fixture.run("declared = 2 return declared") == "2")
        #expect(
            fixture.run("\nmisspelt = 1")
                == "app.lua:2: assignment to undeclared global 'misspelt': add 'local', or declare it at the top of the script"
        )
        #expect(fixture.run("return require 'm', set_by_module") == "5 1")
    }

    @Test func newGlobalsAreWarnedOfOnceInProduction() throws {
        let fixture = try ScriptFixture(isDevelopment: false)
        _ = try fixture.definition()
        #expect(fixture.run("\nfor i = 1, 3 do counter = i end return counter, app.env") == "3 prod")
        #expect(
            fixture.log == [
                "warn app.lua:2: assignment to undeclared global 'counter': add 'local', or declare it at the top of the script"
            ])
    }
}

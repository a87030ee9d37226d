// SPDX-License-Identifier: MIT

import NIOCore
import Testing

@testable import LuaHTTP

/// The return protocol of handlers: what they return becomes a status, header lines and content.
struct AnswerReaderTests {
    private let directory = TemporaryDirectory()
    private let generation: Generation

    init() throws {
        directory.write("app.lua", "app = require 'luahttpd'")
        generation = try GenerationLoader(
            script: directory.path + "/app.lua", isDevelopment: true, memoryLimit: 64 << 20
        )
        .load(services: ScriptServices(log: { _, _, _ in }, sleep: { _ throws(HostError) in }))
    }

    /// "status | header lines | content", or the mistake.
    private func answer(_ expression: String, defaultStatus: Int = 200) -> String {
        let vm = generation.vm
        let coroutine = vm.takeCoroutine()
        defer { vm.discard(coroutine) }
        let stack = coroutine.stack
        let source = Array("return \(expression)".utf8)
        #expect(source.withUnsafeBytes { vm.load($0, name: "@app.lua", on: stack) } == .ok)
        guard coroutine.resume().status == .ok else { return stack.string(at: -1) ?? "?" }
        var fields = HeaderBlock()
        do throws(AnswerMistake) {
            let answer = try AnswerReader(
                stack: stack, generation: generation, defaultStatus: defaultStatus, isSecure: false
            ).read(from: 1, into: &fields)
            let content =
                switch answer.content {
                case .bytes(let index): "bytes " + (stack.string(at: index) ?? "?")
                case .template(let variables, let name):
                    "\(stack.type(at: variables).name) in " + (stack.string(at: name) ?? "?")
                case .file(let path, let download): "file \(stack.string(at: path) ?? "?") \(download ?? "-")"
                case .stream: "stream"
                case .empty: "empty"
                }
            let lines = String(buffer: fields.bytes).replacing("\r\n", with: ";")
            return "\(answer.status) | \(lines) | \(content)"
        } catch {
            return error.text
        }
    }

    @Test func whatHandlersReturn() {
        #expect(answer("'hi'") == "200 | Content-Type: text/html; charset=utf-8; | bytes hi")
        #expect(
            answer("'hi', nil, nil", defaultStatus: 404)
                == "404 | Content-Type: text/html; charset=utf-8; | bytes hi")
        #expect(answer("{}, 'p.html'") == "200 |  | table in p.html")
        #expect(
            answer("{}, 'p.html', { status = 201, headers = { ['X-A'] = 'b' } }")
                == "201 | X-A: b; | table in p.html")
        #expect(answer("app.json { 1 }") == "200 | Content-Type: application/json; | bytes [1]")
        #expect(answer("app.empty()") == "204 |  | bytes ")
        #expect(answer("app.redirect '/x'") == "303 | Location: /x; | bytes ")
        #expect(answer("app.file('a.pdf', { filename = 'b.pdf' })") == "200 |  | file a.pdf b.pdf")
        #expect(
            answer("app.text('x', { headers = { ['X-N'] = 5, ['content-type'] = 'a/b' } })")
                .hasPrefix("200 | "))
        #expect(
            answer("app.text('x', { headers = { ['X-L'] = { 'a', 'b' } } })")
                == "200 | X-L: a;X-L: b;Content-Type: text/plain; charset=utf-8; | bytes x")
    }

    @Test("a Content-Type among the headers wins over the type that the constructor writes")
    func explicitContentType() {
        for constructor in ["json({}", "text('x'", "html('x'", "stream(print", "file('x'"] {
            for name in ["Content-Type", "content-type"] {
                let made = "app.\(constructor), { headers = { ['\(name)'] = 'a/b' } })"
                #expect(answer(made).contains("| \(name): a/b; |"), "\(made)")
            }
        }
        #expect(
            answer("app.text('x', { content_type = 'c/d', headers = { ['Content-Type'] = 'a/b' } })")
                == "200 | Content-Type: a/b; | bytes x")
        #expect(answer("app.text 'x':header('Content-Type', 'a/b')") == "200 | Content-Type: a/b; | bytes x")
        #expect(answer("app.text 'x':header('Content-Type', false)") == "200 |  | bytes x")
    }

    @Test("a misspelt field of a response is a mistake")
    func unknownFields() {
        func with(_ change: String) -> String {
            answer("(function() local res = app.text 'x' \(change) return res end)()")
        }
        #expect(
            with("res.stauts = 404").hasPrefix(
                "returned a response with an unknown field 'stauts' (did you mean 'status'?)"))
        #expect(with("res.bdoy = 'x'").contains("'bdoy' (did you mean 'body'?)"))
        #expect(with("res[1] = 'x'").hasPrefix("returned a response with an unknown field '1'; there are "))
    }

    /// Walking a table must not end in an error of Lua: there is nobody to catch it.
    @Test func cookieValuesThatAreNotTextAreMistakes() {
        let thrower = "setmetatable({}, { __tostring = function() error 'no' end })"
        for (cookie, mistake) in [
            ("{ value = \(thrower) }", "value is a table, not a string"),
            ("{ value = 'a', path = \(thrower) }", "path is a table, not a string"),
            ("{ value = 'a', domain = {} }", "domain is a table, not a string"),
            ("{ value = 'a', max_age = 1.5 }", "max_age is not a whole number of seconds"),
            ("{ value = 'a', max_age = '1' }", "max_age is not a whole number of seconds"),
            ("{ value = 'a', secure = 0 }", "secure is neither true nor false"),
            ("{ value = 'a', http_only = 'no' }", "http_only is neither true nor false"),
        ] {
            #expect(
                answer("app.text('x', { cookies = { c = \(cookie) } })")
                    == "returned a cookie whose \(mistake)")
        }
    }

    @Test func whatDoesNotFitIsExplained() {
        #expect(answer("nil").hasPrefix("returned nothing: "))
        #expect(answer("{}").hasPrefix("returned variables but no template name"))
        #expect(answer("5").hasPrefix("returned a number"))
        #expect(
            answer("{}, 'p.html', { stats = 1 }").hasPrefix(
                "unknown response option 'stats' (did you mean 'status'?)"))
        #expect(
            answer("{}, 'p.html', { status = 99 }")
                == "returned a status that is not a whole number from 200 to 599")
        #expect(
            answer("{}, 'p.html', { status = 200.5 }")
                == "returned a status that is not a whole number from 200 to 599")
        #expect(
            answer("{}, 'p.html', {}, 5") == "returned more than three values: variables, template, options")
        #expect(
            answer("app.text('x'):header('A b', 'c')")
                == "returned the header \"A b\", which is not a valid name: letters, digits and - only")
        #expect(
            answer("app.text('x'):header('A', 'b\\r\\nC: d')")
                == "returned the header \"A\" with a line break or another control character in its value")
        #expect(
            answer("app.text('x'):header('Content-Length', '5')")
                == "returned the header \"Content-Length\", which the server sets; leave it out")
        #expect(
            answer("app.text('x'):header('A', true)")
                == "returned the header \"A\" with a boolean as value: give a string, a number, a list of strings, or false for none"
        )
        #expect(
            answer("app.text('x'):header('A', { 'b', 5 })")
                == "returned the header \"A\" with a list of values that are not all strings")
        #expect(
            answer("app.text('x', { headers = { 'a' } })")
                == "returned headers with a name that is not a string")
        #expect(
            answer("(function() local r = app.text 'x' r.body = {} return r end)()")
                == "returned a response whose body is a table, not a string")
        for (field, type) in [
            ("headers", "table"), ("cookies", "table"), ("content_type", "string"), ("template", "string"),
            ("file", "string"),
        ] {
            #expect(
                answer("(function() local r = app.text 'x' r.\(field) = 5 return r end)()")
                    == "returned a response whose \(field) is a number, not a \(type)")
        }
        #expect(answer("table.unpack({}, 1, 5000)").hasPrefix("returned nothing: "))
        #expect(answer("table.unpack({ 1, [5000] = 2 }, 1, 5000)").hasPrefix("returned "))
    }
}

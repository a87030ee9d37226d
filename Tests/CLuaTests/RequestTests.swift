// SPDX-License-Identifier: MIT

import CLua
import Testing

/// The request table of scripts.
struct RequestTests {
    private static let head = """
        GET /a%20b HTTP/1.1\r\nHost: example.org\r\nAccept: text/html\r\nX-Tag: one\r\nx-tag: two\r\n\
        Cookie: a=1\r\nCookie: b=2\r\nContent_Length: 5\r\n\r\n
        """
    private let memory = RequestBytes(Self.head)
    private let test = TestVM()

    /// Runs a handler with a request, which ends afterwards.
    private func handle(_ source: String) -> TestVM.Outcome {
        var token: UInt64 = 0
        let outcome = test.run("local req = select(5, ...) " + source) { state in
            token = lh_request_begin(state, memory.request)
            return 1
        }
        lh_request_end(test.vm, token)
        return outcome
    }

    @Test func fieldsOfTheHead() {
        #expect(handle("return req.method, req.path, req.raw_path").text == "GET /a%20b /a%20b")
        #expect(handle("return req.raw").text == Self.head)
        #expect(handle("return req.nothing, req[1], req[nil]").text == "nil nil nil")
    }

    @Test func computedFieldsAreAskedOnce() {
        var asked: [Int32] = []
        test.field = { state, field in
            asked.append(field)
            lh_push_integer(state, Int64(field))
            return 1
        }
        #expect(
            handle("return req.query, req.query, req.started, req.started, req.query").text == "7 7 20 20 7")
        #expect(asked == [Int32(LH_FIELD_QUERY.rawValue), Int32(LH_FIELD_STARTED.rawValue)])
    }

    @Test func aFieldThatFailsIsRaisedWithItsLine() {
        test.field = { state, _ in
            lh_push_bytes(state, "bad form", 8)
            return Int32(LH_RAISE)
        }
        #expect(handle("\nlocal x = req.form") == .init(status: LH_ERROR_RUNTIME, text: "t.lua:2: bad form"))
        #expect(handle("return pcall(function() return req.form end)").text == "false t.lua:1: bad form")
    }

    @Test func handlersMayAddFields() {
        #expect(handle("req.user = 'ann' req[1] = 2 return req.user, req[1]").text == "ann 2")
        #expect(handle("req.path = '/mine' return req.path, rawget(req, 'path')").text == "/mine /mine")
        #expect(handle("return req.user").text == "nil")
    }

    @Test func pairsHidesTheToken() {
        #expect(handle("local n = 0 for k in pairs(req) do n = n + 1 end return n").text == "0")
        #expect(
            handle(
                """
                req.user = 1 req.query = 2 req[true] = 3
                local names = {} for k, v in pairs(req) do names[#names + 1] = tostring(k) .. v end
                table.sort(names) return table.concat(names, " ")
                """
            ).text == "query2 true3 user1")
    }

    @Test func headersDoNotDistinguishCase() {
        #expect(
            handle("local h = req.headers return h.host, h.HOST, h['accept'], h.Accept").text
                == "example.org example.org text/html text/html")
        #expect(handle("return req.headers.x_tag, req.headers['X-Tag']").text == "one, two one, two")
        #expect(handle("return req.headers.content_length, req.headers['content-length']").text == "5 nil")
        #expect(
            handle("return req.headers.cookie, req.headers.missing, req.headers[1]").text
                == "a=1; b=2 nil nil")
        #expect(handle("return req.headers == req.headers").text == "true")
    }

    @Test func allListsTheValuesOfAHeader() {
        #expect(
            handle("return table.concat(req.headers:all 'X-TAG', '|'), #req.headers:all('none')").text
                == "one|two 0")
        #expect(handle("return table.concat(req.headers:all 'x_tag', '|')").text == "one|two")
        #expect(handle("req.headers.all('x')").text.contains("not a request (call it with ':'"))
        #expect(handle("req.headers.all({}, 'x')").text.contains("not a request"))
    }

    @Test func pairsOfHeadersJoinsThem() {
        #expect(
            handle(
                """
                next = nil
                local lines = {} for name, value in pairs(req.headers) do lines[#lines + 1] = name .. "=" .. value end
                table.sort(lines) return table.concat(lines, " | ")
                """
            ).text
                == "accept=text/html | content_length=5 | cookie=a=1; b=2 | host=example.org | x-tag=one, two"
        )
    }

    @Test func headersCannotBeSet() {
        #expect(handle("\nreq.headers.x = 1").text.hasPrefix("t.lua:2: req.headers is what the client sent"))
    }

    @Test func paramsHaveTheirKinds() {
        memory.setParams([
            (
                "id",
                lh_param(
                    name: nil, bytes: nil, name_length: 0, length: 0, integer: -5, number: 0,
                    kind: LH_PARAM_INTEGER)
            ),
            (
                "x",
                lh_param(
                    name: nil, bytes: nil, name_length: 0, length: 0, integer: 0, number: 1.5,
                    kind: LH_PARAM_NUMBER)
            ),
            (
                "text",
                lh_param(
                    name: nil, bytes: memory.request.pointee.head, name_length: 0, length: 3, integer: 0,
                    number: 0,
                    kind: LH_PARAM_BYTES)
            ),
        ])
        #expect(
            handle("local p = req.params return p.id, math.type(p.id), p.x, p.text, p.none").text
                == "-5 integer 1.5 GET nil")
        #expect(handle("return req.params == req.params").text == "true")
    }

    // MARK: After its end

    private static let ended = "the request has ended: copy what you need from it while the handler runs"

    @Test func aRequestThatWasKeptHasEnded() {
        _ = handle("kept, headers, path = req, req.headers, req.path")
        #expect(test.run("return path").text == "/a%20b")
        #expect(
            test.run("\nreturn kept.method")
                == .init(status: LH_ERROR_RUNTIME, text: "t.lua:2: " + Self.ended))
        #expect(test.run("return headers.host").text == "t.lua:1: " + Self.ended)
        #expect(test.run("for _ in pairs(headers) do end").text == "t.lua:1: " + Self.ended)
        #expect(test.run("headers:all('host')").text == "t.lua:1: " + Self.ended)
        // What was read is an ordinary field by then.
        #expect(test.run("return kept.path").text == "/a%20b")
    }

    @Test func theNextRequestInTheSameSlotIsAnotherOne() {
        _ = handle("kept = req")
        #expect(
            handle("return pcall(function() return kept.method end)").text == "false t.lua:1: " + Self.ended)
        #expect(handle("return req.method").text == "GET")
    }

    @Test func manyRequestsAtOnce() {
        var tokens: [UInt64] = []
        let main = lh_vm_main(test.vm)!
        for _ in 0..<1000 {
            tokens.append(lh_request_begin(main, memory.request))
            lh_set_top(main, 0)
        }
        #expect(Set(tokens).count == 1000)
        for token in tokens.shuffled() { lh_request_end(test.vm, token) }
        #expect(handle("return req.method").text == "GET")
        #expect(test.close() == 0)
    }

    /// Swift is not re-entered: a finalizer that runs while the host works may not call it.
    @Test func finalizersCannotCallTheHostWhileItRuns() {
        test.field = { [unowned test] state, _ in
            lh_vm_collect(test.vm)
            lh_push_integer(state, 1)
            return 1
        }
        let outcome = handle(
            """
            local function leave(f) setmetatable({}, { __gc = f }) end
            leave(function() calling = select(2, pcall(note, "x")) end)
            leave(function() reading = select(2, pcall(function() return req.form end)) end)
            return req.query, calling, reading
            """)
        #expect(
            outcome.text == "1 luahttpd cannot be called from a finalizer (__gc)"
                + " t.lua:3: a request cannot be read in a finalizer (__gc)")
        #expect(test.notes == [])
    }
}

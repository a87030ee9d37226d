// SPDX-License-Identifier: MIT

import CLua
import Testing

/// coroutine.* as scripts see it: Lua's own behaviour, and what is special about waiting ones.
struct CoroutineTests {
    private func expect(
        _ source: String, _ text: String, _ status: lh_status = LH_OK,
        location: SourceLocation = #_sourceLocation
    ) {
        let test = TestVM()
        #expect(test.run(source) == .init(status: status, text: text), sourceLocation: location)
        #expect(test.close() == 0, sourceLocation: location)
    }

    // MARK: As in Lua

    @Test func resumeOfEachState() {
        expect(
            "return coroutine.resume(coroutine.create(function(...) return ... end), 1, nil, 3)",
            "true 1 nil 3")
        expect(
            "local co = coroutine.create(function() end) coroutine.resume(co) return coroutine.resume(co)",
            "false cannot resume dead coroutine")
        expect(
            "local co = coroutine.create(error) coroutine.resume(co, 'x') return coroutine.resume(co)",
            "false cannot resume dead coroutine")
        expect(
            "local co co = coroutine.create(function() return coroutine.resume(co) end) return coroutine.resume(co)",
            "true false cannot resume non-suspended coroutine")
        expect(
            "return coroutine.resume(coroutine.running())", "false cannot resume the coroutine of a request")
        expect(
            """
            local outer outer = coroutine.create(function()
              return coroutine.resume(coroutine.create(function() return coroutine.resume(outer) end))
            end)
            return coroutine.resume(outer)
            """, "true true false cannot resume non-suspended coroutine")
        expect("return select('#', coroutine.resume(coroutine.create(function() end)))", "1")
        expect(
            "coroutine.resume(1)", "t.lua:1: bad argument #1 to 'resume' (coroutine expected, got number)",
            LH_ERROR_RUNTIME)
    }

    @Test func errorValuesStayAsTheyAre() {
        expect(
            "local e = {} local _, got = coroutine.resume(coroutine.create(function() error(e) end)) return e == got",
            "true")
        expect(
            "local e = {} local _, got = pcall(coroutine.wrap(function() error(e) end)) return e == got",
            "true")
        expect("return pcall(coroutine.wrap(function() error() end))", "false nil")
        expect("local f = coroutine.wrap(function() error('x', 0) end)\nf()", "t.lua:2: x", LH_ERROR_RUNTIME)
        expect(
            "local f = coroutine.wrap(function() end) f()\nf()", "t.lua:2: cannot resume dead coroutine",
            LH_ERROR_RUNTIME)
        expect(
            "local f f = coroutine.wrap(function() f() end)\nf()",
            "t.lua:2: t.lua:1: cannot resume non-suspended coroutine", LH_ERROR_RUNTIME)
    }

    @Test func wrapClosesWhatAnErrorLeaves() {
        expect(
            """
            local seen
            local f = coroutine.wrap(function()
              local x <close> = setmetatable({}, { __close = function(_, e) seen = e end })
              error("x", 0)
            end)
            pcall(f)
            return seen
            """, "x")
        expect(
            """
            local f = coroutine.wrap(function()
              local x <close> = setmetatable({}, { __close = function() error("closing", 0) end })
              error("x", 0)
            end)
            return pcall(f)
            """, "false closing")
    }

    @Test func closeOfEachState() {
        expect(
            "local co = coroutine.create(print) return coroutine.close(co), coroutine.status(co)", "true dead"
        )
        expect(
            "local co = coroutine.create(coroutine.yield) coroutine.resume(co) return coroutine.close(co), coroutine.status(co)",
            "true dead")
        expect(
            "local co = coroutine.create(function() end) coroutine.resume(co) return coroutine.close(co)",
            "true")
        expect(
            "local co = coroutine.create(error) coroutine.resume(co, 'x') return coroutine.close(co)",
            "false x")
        expect(
            "local co co = coroutine.create(function()\ncoroutine.close(co) end) return coroutine.resume(co)",
            "false t.lua:2: cannot close a running coroutine")
        expect(
            """
            local outer outer = coroutine.create(function()
              return coroutine.resume(coroutine.create(function() coroutine.close(outer) end))
            end)
            return coroutine.resume(outer)
            """, "true false t.lua:2: cannot close a normal coroutine")
        expect(
            """
            local co = coroutine.create(function()
              local x <close> = setmetatable({}, { __close = function() error("closing", 0) end })
              coroutine.yield()
            end)
            coroutine.resume(co)
            local closed, e = coroutine.close(co)
            return closed, e, coroutine.status(co)
            """, "false closing dead")
    }

    @Test func stateOfAHandler() {
        expect(
            "return coroutine.isyieldable(), select(2, coroutine.running()), coroutine.status(coroutine.running())",
            "true false running")
        let test = TestVM()
        #expect(test.run("coroutine.yield(1)").status == LH_YIELDED)
        #expect(test.run("return 1").text == "1")
    }

    @Test func theStackOverflowsNicely() {
        let test = TestVM(memoryLimit: 1 << 30)
        let lua = test.run("local function f() return 1 + f() end f()")
        #expect(lua.text.contains("stack overflow"))
        let nested = test.run("local function f() coroutine.wrap(f)() end f()")
        #expect(nested.text.contains("C stack overflow"))
        #expect(test.run("return wait()").text == "1")
    }

    // MARK: Waiting ones

    /// One request waits inside `co`, another one touches it.
    private func whileWaiting(_ source: String) -> TestVM.Outcome {
        let test = TestVM()
        let first = lh_coroutine_take(test.vm)
        let start = test.start(
            "co = coroutine.create(function() return wait() end) return coroutine.resume(co)", on: first)
        #expect(start.status == LH_AWAITING)
        let waiting = lh_waiting(test.vm)!
        let outcome = test.run(source)
        lh_push_integer(waiting, 9)
        #expect(test.resume(first.state, arguments: 0, waits: 0).text == "true 9")
        lh_coroutine_put(test.vm, first)
        return outcome
    }

    @Test func aWaitingCoroutineIsLeftAlone() {
        #expect(
            whileWaiting("return coroutine.resume(co)").text
                == "false cannot resume a coroutine that is waiting")
        #expect(
            whileWaiting("coroutine.close(co)").text == "t.lua:1: cannot close a coroutine that is waiting")
        #expect(whileWaiting("return coroutine.status(co)").text == "suspended")
        #expect(
            whileWaiting("return coroutine.resume(coroutine.create(function() return wait() end))").text
                == "true 1")
    }

    /// The server reads what a handler left on its stack; nobody else may run or reset it.
    @Test func theCoroutineOfARequestIsLeftAlone() {
        let test = TestVM()
        #expect(test.run("kept = coroutine.running() return 'answer'").text == "answer")
        #expect(
            test.run("return coroutine.resume(kept)").text == "false cannot resume the coroutine of a request"
        )
        let finished = lh_coroutine_take(test.vm)
        #expect(
            test.start("other = coroutine.running() return 'vars', 'page.html'", on: finished).text
                == "vars page.html")
        #expect(
            test.run("return coroutine.resume(other)").text
                == "false cannot resume the coroutine of a request")
        #expect(test.run("coroutine.close(other)").text == "t.lua:1: cannot close the coroutine of a request")
        #expect(lh_top(finished.state) == 2)
        lh_coroutine_put(test.vm, finished)
        #expect(test.close() == 0)
    }

    @Test func aDiscardedRequestClosesItsVariablesInnermostFirst() {
        let test = TestVM()
        let coroutine = lh_coroutine_take(test.vm)
        let start = test.start(
            """
            local function closing(name) return setmetatable({}, { __close = function() note(name) end }) end
            local a <close> = closing "a"
            coroutine.wrap(function()
              local b <close> = closing "b"
              coroutine.resume(coroutine.create(function()
                local c <close> = closing "c"
                local d <close> = setmetatable({}, { __close = function() wait() end })
                wait()
              end))
            end)()
            """, on: coroutine)
        #expect(start.status == LH_AWAITING)
        lh_coroutine_discard(test.vm, coroutine)
        #expect(test.notes == ["c", "b", "a"])
        #expect(lh_vm_live_references(test.vm) == 0)
        #expect(test.run("return wait()").text == "1")
        #expect(test.close() == 0)
    }

    @Test func closingUnderAMemoryLimitEnds() {
        let test = TestVM()
        let coroutine = lh_coroutine_take(test.vm)
        _ = test.start(
            """
            local a <close> = setmetatable({}, { __close = function() note("a") end })
            local b <close> = setmetatable({}, { __close = function() return string.rep("x", 1 << 26) end })
            wait()
            """, on: coroutine)
        lh_vm_set_memory_limit(test.vm, lh_vm_memory(test.vm).used + 4096)
        lh_coroutine_discard(test.vm, coroutine)
        lh_vm_set_memory_limit(test.vm, 64 << 20)
        #expect(test.notes == ["a"])
        #expect(test.run("return 1").text == "1")
        #expect(test.close() == 0)
    }

    // MARK: Pool

    @Test func aHookDoesNotOutliveItsRequest() {
        let test = TestVM()
        test.run("debug.sethook(function() note('hook') end, 'l')")
        test.notes = []
        test.run("local a = 1\nlocal b = 2")
        #expect(test.notes == [])
    }

    @Test func coroutinesAreReused() {
        let test = TestVM()
        let first = lh_coroutine_take(test.vm)
        lh_coroutine_put(test.vm, first)
        let second = lh_coroutine_take(test.vm)
        #expect(first.state == second.state)
        #expect(lh_top(second.state) == 0)
        lh_coroutine_put(test.vm, second)
    }

    @Test func manyResultsFitOrFail() {
        let test = TestVM()
        #expect(test.run("return table.unpack({}, 1, 900000)").status == LH_OK)
        let tooMany = test.run("return table.unpack({}, 1, 999970)")
        #expect(tooMany.status != LH_AWAITING)
        #expect(test.run("return 1").text == "1")
    }
}

// SPDX-License-Identifier: MIT

import CLua
import Testing

/// A wait of a host function stops the whole request, wherever in the script it is called.
struct WaitingTests {
    private static let places: [(String, String, String)] = [
        ("at the top", "return wait()", "1"),
        ("twice", "return wait() + wait()", "3"),
        ("in pcall", "return pcall(wait)", "true 1"),
        ("in xpcall", "return xpcall(function() return wait() end, error)", "true 1"),
        ("in __index", "return setmetatable({}, { __index = function() return wait() end }).x", "1"),
        (
            "in __newindex",
            "local t = setmetatable({}, { __newindex = function(t, k, v) rawset(t, k, v + wait()) end }) t.x = 5 return t.x",
            "6"
        ),
        ("in __add", "return setmetatable({}, { __add = function(_, n) return n + wait() end }) + 5", "6"),
        ("in __call", "return setmetatable({}, { __call = function(_, n) return n + wait() end })(5)", "6"),
        (
            "in __eq",
            "local mt = { __eq = function() return wait() == 1 end } return setmetatable({}, mt) == setmetatable({}, mt)",
            "true"
        ),
        (
            "in __lt",
            "local mt = { __lt = function() return wait() == 1 end } return setmetatable({}, mt) < setmetatable({}, mt)",
            "true"
        ),
        ("in __len", "return #setmetatable({}, { __len = function() return wait() end })", "1"),
        (
            "in __concat",
            "return 'a' .. setmetatable({}, { __concat = function(a) return a .. wait() end })", "a1"
        ),
        (
            "in an iterator",
            "local s = 0 for i in function(_, i) local n = wait() return n < 4 and n or nil end do s = s + i end return s",
            "6"
        ),
        (
            "in __pairs",
            "local s = 0 for k in pairs(setmetatable({}, { __pairs = function() return next, { [wait()] = 1 } end })) do s = s + k end return s",
            "1"
        ),
        (
            "in __close",
            "do local x <close> = setmetatable({}, { __close = function() note(wait()) end }) end return wait()",
            "2"
        ),
        ("in wrap", "return coroutine.wrap(function(...) return wait(), ... end)(5)", "1 5"),
        (
            "in resume", "return coroutine.resume(coroutine.create(function(...) return wait(), ... end), 5)",
            "true 1 5"
        ),
        (
            "between yields",
            """
            local f = coroutine.wrap(function(a) local b = coroutine.yield(a + wait()) return b + wait() end)
            return f(10), f(20)
            """, "11 22"
        ),
        (
            "in three coroutines",
            """
            local wrap, yield = coroutine.wrap, coroutine.yield
            local f = wrap(function()
              local g = wrap(function()
                local h = wrap(function() for i = 1, 3 do yield(wait()) end return "h" end)
                for i = 1, 3 do yield(h() * 10 + wait()) end
                return h()
              end)
              for i = 1, 3 do yield(g() * 10 + wait()) end
              return g()
            end)
            return f(), f(), f(), f()
            """, "123 456 789 h"
        ),
        (
            "in pcall in wrap in pcall",
            "return pcall(coroutine.wrap(function() return pcall(function() return wait() end) end))",
            "true true 1"
        ),
    ]

    @Test(arguments: places.indices) func waitingPassesThrough(_ index: Int) {
        let (place, source, expected) = Self.places[index]
        let test = TestVM()
        #expect(test.run(source).text == expected, "\(place)")
        #expect(test.run("return 'usable'").text == "usable")
        #expect(lh_vm_live_references(test.vm) == 0)
        #expect(test.close() == 0)
    }

    /// A C frame has room for twenty values: what each wait leaves there must go.
    @Test func manyWaitsInOneCallOfACoroutine() {
        let test = TestVM()
        let outcome = test.run(
            """
            local function many() for i = 1, 5000 do wait() end return "done" end
            local function both()
              local _, text = coroutine.resume(coroutine.create(many))
              return text, coroutine.wrap(many)()
            end
            return coroutine.wrap(both)()
            """)
        #expect(outcome == .init(status: LH_OK, text: "done done", waits: 10_000))
    }

    @Test func allResultsOfAWaitArrive() {
        let test = TestVM()
        let none = test.run("return select('#', wait(1, 2, 3))", complete: { _, _ in })
        #expect(none.text == "0")
        let many = test.run(
            "return coroutine.wrap(function() return wait(1, 2) end)()",
            complete: { state, _ in
                for value in 1...9 { lh_push_integer(state, Int64(value)) }
            })
        #expect(many.text == "1 2 3 4 5 6 7 8 9")
    }

    private static let failing: [(String, lh_status, String)] = [
        ("wait(1, 2)", LH_ERROR_RUNTIME, "lost"),
        ("return pcall(wait)", LH_OK, "false lost"),
        ("return xpcall(wait, function(e) return e .. '!' end)", LH_OK, "false lost!"),
        ("return coroutine.resume(coroutine.create(wait))", LH_OK, "false lost"),
        ("return pcall(coroutine.wrap(function() wait() end))", LH_OK, "false lost"),
        (
            "return pcall(function() return setmetatable({}, { __index = function() return wait() end }).x end)",
            LH_OK, "false lost"
        ),
        ("return pcall(function() for _ in wait do end end)", LH_OK, "false lost"),
        (
            "return pcall(coroutine.wrap(coroutine.wrap(coroutine.wrap(function() wait() end))))", LH_OK,
            "false lost"
        ),
    ]

    @Test(arguments: failing.indices) func aFailedWaitIsRaised(_ index: Int) {
        let (source, status, text) = Self.failing[index]
        let test = TestVM()
        let outcome = test.run(
            source,
            complete: { state, _ in
                test.push("lost", state)
                lh_wait_failed(state, false)
            })
        #expect(outcome.status == status)
        // wrap adds the place of its call, as Lua's own does.
        #expect(outcome.text.replacing("t.lua:1: ", with: "") == text)
        #expect(test.close() == 0)
    }

    @Test func aMessageThatHasAPlaceKeepsIt() {
        let test = TestVM()
        let outcome = test.run(
            "\n\nreturn wait()",
            complete: { state, _ in
                test.push("other.lua:7: lost", state)
                lh_wait_failed(state, true)
            })
        #expect(outcome.text == "other.lua:7: lost")
    }

    @Test func aFailedWaitCanRaiseATable() {
        let test = TestVM()
        let outcome = test.run(
            "local _, e = pcall(wait) return e.code",
            complete: { state, _ in
                lh_push_table(state, 0, 1)
                lh_push_integer(state, 42)
                lh_set_field(state, -2, "code", 4)
                lh_wait_failed(state, false)
            })
        #expect(outcome.text == "42")
    }

    private static let refused: [(String, String)] = [
        ("table.sort({ 1, 2 }, function() wait() end)", "table.sort"),
        ("string.gsub('a', 'a', function() wait() end)", "string.gsub"),
        (
            "('a'):gsub('a', function() return pcall(wait) and 'x' or error(select(2, pcall(wait)), 0) end)",
            "string.gsub"
        ),
        ("package.preload.m = function() wait() end require 'm'", "require"),
        (
            "coroutine.wrap(function() table.sort({ 1, 2 }, function() coroutine.wrap(function() wait() end)() end) end)()",
            "table.sort"
        ),
        ("tostring(setmetatable({}, { __tostring = function() wait() return '' end }))", "tostring"),
        (
            "local f = tostring f(setmetatable({}, { __tostring = function() wait() return '' end }))",
            "tostring"
        ),
        ("return ('%s'):format(setmetatable({}, { __tostring = wait }))", "string.format"),
        ("return table.concat(setmetatable({}, { __len = function() return wait() end }))", "table.concat"),
        (
            "local t = setmetatable({}, { __index = function() return wait() end }) return table.unpack(t, 1, 2)",
            "table.unpack"
        ),
        (
            "return ('a'):gsub('a', setmetatable({}, { __index = function() return wait() end }))",
            "string.gsub"
        ),
        (
            "debug.sethook(function() debug.sethook() wait() end, 'l') local x = 1\nlocal y = 2",
            "a hook (debug.sethook)"
        ),
        ("load(function() wait() end)", "load"),
        ("local _, e = call(function() wait() end) error(e, 0)", "a function that the server calls"),
        (
            "local _, e = call(function() coroutine.wrap(function() wait() end)() end) error(e, 0)",
            "a function that the server calls"
        ),
        (
            "local co = coroutine.create(function() local x <close> = setmetatable({}, { __close = function() wait() end }) coroutine.yield() end) coroutine.resume(co) local _, e = coroutine.close(co) error(e, 0)",
            "__close, while its coroutine is being ended"
        ),
    ]

    private static func refusal(_ place: String) -> String {
        "cannot wait inside \(place): Lua cannot leave it and come back"
    }

    @Test(arguments: refused.indices) func whereLuaCannotWaitTheErrorNamesThePlace(_ index: Int) {
        let (source, place) = Self.refused[index]
        let test = TestVM()
        let outcome = test.run(source)
        // `load` gives its error as a result.
        #expect(outcome.status == LH_ERROR_RUNTIME || place == "load")
        #expect(outcome.waits == 0)
        // Each coroutine.wrap on the way adds its place.
        if place != "load" { #expect(outcome.text.replacing("t.lua:1: ", with: "") == Self.refusal(place)) }
        #expect(test.run("return wait()").text == "1")
    }

    @Test func aFinalizerCannotWait() {
        let test = TestVM()
        let outcome = test.run(
            """
            setmetatable({}, { __gc = function() note(select(2, pcall(wait))) end })
            collectgarbage()
            return "done"
            """)
        #expect(outcome == .init(status: LH_OK, text: "done"))
        #expect(
            test.notes.map { $0.replacing("t.lua:1: ", with: "") } == [Self.refusal("a finalizer (__gc)")])
    }

    // MARK: Host errors

    @Test func hostErrorsCarryTheLineOfTheScript() {
        let test = TestVM()
        #expect(test.run("\n\nfail()").text == "t.lua:3: boom")
        #expect(test.run("\n\nreturn select(2, pcall(fail))").text == "t.lua:3: boom")
        #expect(
            test.run("return coroutine.resume(coroutine.create(function()\nfail() end))").text
                == "false t.lua:2: boom")
    }

    @Test func theHostMayCallBack() {
        let test = TestVM()
        #expect(test.run("return call(function() return call(function() return 5 end) end)").text == "5")
        #expect(test.run("return call(function() error('inner', 0) end)").text == "nil inner")
        #expect(test.run("return call(function() fail() end)").text == "nil t.lua:1: boom")
        // Memory is limited again inside, and the host is not refused any afterwards.
        #expect(
            test.run("return call(function() return string.rep('x', 1 << 28) end)").text
                == "nil not enough memory")
        #expect(test.run("return (call(function() error({}) end)) == nil, wait()").text == "true 1")
    }
}

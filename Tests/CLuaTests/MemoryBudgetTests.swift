// SPDX-License-Identifier: MIT

import CLua
import Testing

/// A task that wants more memory than its budget gets an error of Lua, and the VM goes on.
struct MemoryBudgetTests {
    private static let hogs: [(String, String)] = [
        ("one large string", "return #('x'):rep(1e9)"),
        ("the largest string", "return #('x'):rep(0x7fffffff)"),
        ("a growing table", "local t = {} while true do t[#t + 1] = #t end"),
        ("a table of strings", "local t = {} while true do t[#t + 1] = ('x'):rep(1e6) .. #t end"),
        ("many tables", "local t while true do t = { t } end"),
        ("keys", "local t = {} for i = 1, math.huge do t['k' .. i] = true end"),
        ("concatenation", "local s = 'x' while true do s = s .. s end"),
        (
            "one long concatenation",
            "local s = ('x'):rep(4e6) return #(s .. s .. s .. s .. s .. s .. s .. s .. s .. s)"
        ),
        (
            "table.concat",
            "local s = ('x'):rep(1e6) local t = {} for i = 1, 100 do t[i] = s end return #table.concat(t)"
        ),
        ("string.format", "local s = ('x'):rep(8e6) return #string.format('%s%s%s%s%s%s', s, s, s, s, s, s)"),
        ("gsub", "return #(('x'):rep(1e6):gsub('x', ('y'):rep(100)))"),
        ("deep recursion", "local function f(n) return 1 + f(n + 1) end return f(1)"),
        (
            "a deep stack",
            "return #{ table.unpack({}, 1, 9e5) } + (function(...) return select('#', ...) end)(table.unpack({}, 1, 9e5))"
        ),
        ("coroutines", "local t = {} while true do t[#t + 1] = coroutine.create(print) end"),
        ("closures", "local f while true do local g = f f = function() return g end end"),
        (
            "in pcall",
            "while true do local ok, e = pcall(string.rep, 'x', 1e9) if not ok then error(e, 0) end end"
        ),
        ("in a coroutine", "coroutine.wrap(function() local t = {} while true do t[#t + 1] = #t end end)()"),
        ("a chunk", "return assert(load('return \"' .. ('x'):rep(14e6) .. '\"'))"),
        (
            "table.move",
            "local t = {} for i = 1, 1e5 do t[i] = i end while true do table.move(t, 1, #t, #t + 1) end"
        ),
        ("utf8.char and packing", "return #string.pack('s4', ('x'):rep(40e6))"),
    ]

    @Test(arguments: hogs.indices) func aHogIsRefused(_ index: Int) {
        let (name, source) = Self.hogs[index]
        let test = TestVM(memoryLimit: 256 << 20)
        lh_vm_settle(test.vm)
        for _ in 0..<2 {
            test.budget = lh_budget(cpu: 30_000, memory: 16 << 20, held: 0, place: nil)
            let outcome = test.run(source)
            #expect(
                outcome.status == LH_ERROR_MEMORY || outcome.text.contains("stack overflow")
                    || outcome.text.contains("too many results to unpack"),
                "\(name): \(outcome)")
            #expect(lh_vm_memory(test.vm).peak < 40 << 20, "\(name)")
            test.budget.held = 0
            #expect(test.run("return wait() + #('x'):rep(1000)").text == "1001", "\(name)")
        }
        lh_vm_collect(test.vm)
        #expect(lh_vm_memory(test.vm).used < 8 << 20, "\(name)")
        #expect(test.close() == 0, "\(name)")
    }

    /// A free block stays in the list of its size: pieces must go back all the same.
    @Test func hogsOfOneSizeLeaveTheirMemoryToThoseOfOthers() {
        let test = TestVM(memoryLimit: 32 << 20)
        lh_vm_settle(test.vm)
        for hog in [
            "local t while true do t = { t } end", "local t while true do t = { t, a = t } end",
            "local f while true do local g = f f = function() return g end end",
            "local t = {} while true do t[#t + 1] = ('x'):rep(60) .. #t end",
            "local t = {} while true do t[#t + 1] = ('x'):rep(120) .. #t end",
            "local t = {} while true do t[#t + 1] = ('x'):rep(200) .. #t end",
            "local t = {} while true do t[#t + 1] = { 1, 2, 3, 4, 5, 6, 7 } end",
        ] {
            test.budget = lh_budget(cpu: 30_000, memory: 24 << 20, held: 0, place: nil)
            #expect(test.run(hog).status == LH_ERROR_MEMORY, "\(hog)")
            #expect(lh_vm_memory(test.vm).pieces < 48 << 20, "\(hog)")
        }
        lh_vm_collect(test.vm)
        test.budget.held = 0
        #expect(test.run("return #('x'):rep(100000)").text == "100000")
        #expect(lh_vm_memory(test.vm).pieces < 4 << 20)
        // What was kept while pieces around it went is as it was.
        let rows = "local t = {} for i = 1, 20000 do t[i] = { i, tostring(i) } end "
        let check = "for i = 1, 20000 do assert(t[i][1] == i and t[i][2] == tostring(i)) end return #t"
        let waste =
            "for i = 1, 100000 do t[20000 + i] = { i } end for i = 20001, #t do t[i] = nil end collectgarbage() "
        #expect(test.run(rows + waste + "local s = ('x'):rep(1e6) " + check).text == "20000")
        #expect(test.close() == 0)
    }

    @Test func nestingThatIsTooDeepIsAnError() {
        let test = TestVM()
        for source in [
            "return pcall(string.find, ('a'):rep(1e6), ('(a'):rep(40))",
            "return pcall(string.rep('x', 1e6).find, ('a'):rep(1e6), ('.-'):rep(1e4) .. 'b')",
            "return load(('('):rep(1e5) .. '1' .. (')'):rep(1e5)) == nil",
            "return load('return ' .. ('{'):rep(1e5) .. ('}'):rep(1e5)) == nil",
            "local function f() return pcall(f) end return f() ~= nil",
            "local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k] end return pcall(function() return t.x end)",
            "local function f(s) return s:gsub('.', f) end return pcall(f, 'x')",
            "local t = {} for i = 1, 1e5 do t = setmetatable({}, { __index = t }) end return pcall(function() return t.x end)",
        ] {
            test.budget.cpu = 30_000
            let outcome = test.run(source)
            #expect(outcome.status == LH_OK, "\(source): \(outcome)")
        }
    }

    @Test func whatOneTaskHoldsIsCountedOverItsTurns() {
        let test = TestVM(memoryLimit: 256 << 20)
        lh_vm_settle(test.vm)
        test.budget.memory = 8 << 20
        let outcome = test.run(
            "local t = {} for i = 1, 100 do t[i] = ('x'):rep(1e6) .. i wait() end return 'all'")
        #expect(outcome.status == LH_ERROR_MEMORY)
        #expect((5...9).contains(outcome.waits), "\(outcome)")
    }

    @Test func garbageIsNotHeld() {
        let test = TestVM(memoryLimit: 256 << 20)
        lh_vm_settle(test.vm)
        test.budget.memory = 8 << 20
        let outcome = test.run("for i = 1, 300 do local s = ('x'):rep(1e6) .. i wait() end return 'all'")
        #expect(outcome.text == "all")
    }

    /// Another task's turn may collect what this one threw away: its account would only grow.
    @Test func theAccountOfALongLivedTaskDoesNotGrow() {
        let test = TestVM(memoryLimit: 256 << 20)
        lh_vm_settle(test.vm)
        test.budget.memory = 8 << 20
        let outcome = test.run(
            "for i = 1, 100 do local s = ('x'):rep(1e6) .. i wait() end return 'all'",
            complete: { state, number in
                lh_vm_collect(lh_vm_of(state))
                lh_push_integer(state, Int64(number))
            })
        #expect(outcome.text == "all")
    }

    @Test func hogsTogetherLeaveRoomForOthers() {
        let test = TestVM(memoryLimit: 32 << 20)
        lh_vm_settle(test.vm)
        var waiting: [(lh_coroutine, lh_budget)] = []
        var refused = 0
        for _ in 0..<8 {
            test.budget = lh_budget(cpu: 0, memory: 16 << 20, held: 0, place: nil)
            let coroutine = lh_coroutine_take(test.vm)
            let outcome = test.start("local s = ('x'):rep(6e6) wait() return #s", on: coroutine)
            if outcome.status == LH_AWAITING {
                waiting.append((coroutine, test.budget))
            } else {
                #expect(outcome.status == LH_ERROR_MEMORY)
                lh_coroutine_discard(test.vm, coroutine)
                refused += 1
            }
        }
        #expect(refused >= 3)
        test.budget = lh_budget(cpu: 0, memory: 16 << 20, held: 0, place: nil)
        #expect(test.run("return #('x'):rep(100000)").text == "100000")
        for (coroutine, _) in waiting { lh_coroutine_discard(test.vm, coroutine) }
        #expect(test.run("return #('x'):rep(6e6)").text == "6000000")
    }
}

// SPDX-License-Identifier: MIT

import CLua
import Testing

/// A script that uses up its processor time is ended wherever it is; the VM is as good as before.
struct WatchdogTests {
    private static let endless: [(String, String)] = [
        ("a loop", "while true do end"),
        ("repeat", "repeat until false"),
        ("goto", "::a:: goto a"),
        ("a counted loop", "for i = 1, math.huge do end"),
        ("tail calls", "local function f() return f() end f()"),
        ("an iterator", "for x in function() return 1 end do end"),
        ("loops in pcall", "while true do pcall(function() while true do end end) end"),
        ("pcall of pcall", "while true do pcall(pcall, error) end"),
        ("recursion through pcall", "local function f() pcall(f) while true do end end f()"),
        (
            "pcall and a loop after it",
            "pcall(function() while true do end end) pcall(function() while true do end end)"
        ),
        ("xpcall", "xpcall(function() while true do end end, function(m) return debug.traceback(m) end)"),
        (
            "an endless message handler",
            "xpcall(function() while true do end end, function() while true do end end)"
        ),
        ("an endless message handler of an error", "xpcall(error, function() while true do end end)"),
        (
            "a message handler that protects itself",
            "xpcall(error, function() while true do pcall(function() while true do end end) end end)"
        ),
        ("a message handler that resumes", "xpcall(error, coroutine.wrap(function() while true do end end))"),
        ("load with an endless reader", "return load(function() return ' ' end)"),
        ("load with a reader that loops", "return load(function() while true do end end)"),
        (
            "load in a function called by the host",
            "call(function() return load(function() return ' ' end) end)"
        ),
        (
            "three coroutines",
            """
            local W = coroutine.wrap
            W(function() W(function() local t <close> = tbc() W(function() while true do end end)() end)() end)()
            """
        ),
        (
            "coroutines in pcall",
            """
            local W = coroutine.wrap
            while true do
              pcall(W(function() pcall(W(function() local t <close> = tbc() while true do end end)) while true do end end))
            end
            """
        ),
        (
            "coroutine.resume",
            "while true do coroutine.resume(coroutine.create(function() while true do end end)) end"
        ),
        (
            "a generator",
            "for x in coroutine.wrap(function() while true do coroutine.yield(1) end end) do end"
        ),
        (
            "coroutines that fail",
            """
            while true do
              local co = coroutine.create(function(a) local t <close> = tbc() coroutine.yield(a) error('e') end)
              coroutine.resume(co, 1) coroutine.resume(co)
            end
            """
        ),
        (
            "coroutine.close",
            """
            while true do
              local co = coroutine.create(function() local t <close> = tbc() coroutine.yield() end)
              coroutine.resume(co) coroutine.close(co)
            end
            """
        ),
        ("table.sort", "table.sort({3, 2, 1}, function(a, b) while true do end end)"),
        ("many sorts", "while true do table.sort({5, 4, 3, 2, 1}, function(a, b) return a < b end) end"),
        (
            "pcall in table.sort",
            "table.sort({3, 2, 1}, function(a, b) while true do pcall(function() while true do end end) end end)"
        ),
        (
            "coroutines in table.sort",
            """
            local W = coroutine.wrap
            table.sort({3, 2, 1}, function(a, b)
              W(function() local t <close> = tbc() W(function() while true do end end)() end)()
            end)
            """
        ),
        ("string.gsub", "string.gsub('abc', '.', function() while true do end end)"),
        ("__index", "return setmetatable({}, { __index = function() while true do end end }).x"),
        ("__close", "local t <close> = setmetatable({}, { __close = function() while true do end end })"),
        (
            "__close after the end",
            "local t <close> = setmetatable({}, { __close = function() while true do end end }) while true do end"
        ),
        (
            "__close in table.sort",
            """
            table.sort({2, 1}, function()
              local t <close> = setmetatable({}, { __close = function() while true do end end }) while true do end
            end)
            """
        ),
        ("a function called by the host", "call(function() while true do end end)"),
        ("and after it", "while true do call(function() while true do end end) end"),
        ("garbage", "local i = 0 while true do i = i + 1 local s = { 'x' .. i } end"),
        ("hooks of its own", "while true do debug.sethook() end"),
        ("an endless hook", "debug.sethook(function() while true do end end, 'l')\nlocal x\nreturn x"),
        ("a finalizer", "setmetatable({}, { __gc = function() while true do end end }) collectgarbage()"),
        (
            "a finalizer that protects itself",
            """
            setmetatable({}, { __gc = function() while true do pcall(function() while true do end end) end end })
            collectgarbage()
            """
        ),
        (
            "a finalizer that resumes",
            """
            setmetatable({}, { __gc = function()
              while true do coroutine.resume(coroutine.create(function() while true do end end)) end
            end })
            collectgarbage()
            """
        ),
        (
            "xpcall in a finalizer",
            """
            setmetatable({}, { __gc = function()
              while true do xpcall(function() while true do end end, function(m) return m end) end
            end })
            collectgarbage()
            """
        ),
        (
            "finalizers in a coroutine",
            """
            coroutine.wrap(function()
              for i = 1, 3 do setmetatable({}, { __gc = function() while true do end end }) end
              while true do local t = {} end
            end)()
            """
        ),
    ]

    private static let prelude = """
        local closed = 0
        local function tbc() return setmetatable({}, { __close = function() closed = closed + 1 end }) end
        local t <close> = setmetatable({}, { __close = function() note 'closed' end })

        """

    @Test(arguments: endless.indices) func endlessScriptsEnd(_ index: Int) {
        let (name, source) = Self.endless[index]
        let test = TestVM()
        lh_vm_set_cpu_limit(test.vm, 30)
        for _ in 0..<2 {
            test.budget.cpu = 30
            let start = lh_thread_time()
            #expect(test.run(Self.prelude + source).status == LH_ERROR_TIME, "\(name)")
            // A handler that is called again and again while it is ended took five seconds and more.
            #expect(lh_thread_time() - start < 4_000_000, "\(name)")
            test.budget.cpu = 10_000
            #expect(test.run("return wait() + #('x'):rep(1000)").text == "1001", "\(name)")
            #expect(test.run("return coroutine.wrap(function() return wait() end)()").text == "1", "\(name)")
        }
        #expect(lh_vm_live_references(test.vm) == 0, "\(name)")
        #expect(test.close() == 0, "\(name)")
    }

    @Test func endlessFinalizersHoldUpNeitherACollectionNorTheEnd() {
        let test = TestVM()
        lh_vm_set_cpu_limit(test.vm, 30)
        let source = "for i = 1, 3 do setmetatable({}, { __gc = function() while true do end end }) end"
        #expect(test.run(source).status == LH_OK)
        lh_vm_collect(test.vm)
        #expect(test.run(source + " return 7").text == "7")
        #expect(test.close() == 0)
    }

    @Test func variablesToBeClosedAreClosedInnermostFirst() {
        let test = TestVM()
        test.budget.cpu = 30
        let outcome = test.run(
            """
            local function tbc(name) return setmetatable({}, { __close = function() note(name) end }) end
            local a <close> = tbc 'outer'
            coroutine.wrap(function()
              local b <close> = tbc 'middle'
              coroutine.wrap(function() local c <close> = tbc 'inner' while true do end end)()
            end)()
            """)
        #expect(outcome.status == LH_ERROR_TIME)
        #expect(test.notes == ["inner", "middle", "outer"])
    }

    @Test func theFramesOfAllCoroutinesAreThere() {
        let test = TestVM()
        test.budget.cpu = 30
        let coroutine = lh_coroutine_take(test.vm)
        let outcome = test.start(
            "\ncoroutine.wrap(function()\n  while true do\n  end\nend)()", on: coroutine)
        #expect(outcome.status == LH_ERROR_TIME)
        var frame = lh_frame_info()
        let inner = lh_inner(coroutine.state)
        #expect(inner != nil)
        if let inner {
            #expect(lh_inner(inner) == nil)
            #expect(lh_frame(inner, 0, &frame))
            #expect(frame.line == 3)
        }
        #expect(lh_frame(coroutine.state, 1, &frame))
        #expect([2, 5].contains(frame.line))
        lh_coroutine_discard(test.vm, coroutine)
    }

    @Test func aStallThatGoesOnIsToldAgain() {
        #expect((0..<5).map { lh_stall_due($0) } == [1000, 10_000, 60_000, 600_000, .max])
    }

    @Test func timeIsCountedFromWaitToWait() {
        let test = TestVM()
        test.budget.cpu = 300
        let outcome = test.run(
            """
            for i = 1, 8 do
              local till = os.clock() + 0.1
              while os.clock() < till do end
              wait()
            end
            return 'done'
            """)
        // os.clock is the process's: other tests may run at the same time, so a round may be shorter.
        #expect(outcome == TestVM.Outcome(status: LH_OK, text: "done", waits: 8))
    }

    @Test func loadingHasABudgetToo() {
        let test = TestVM()
        test.budget.cpu = 30
        let outcome = test.run(
            """
            package.preload.endless = function() while true do end end
            return pcall(require, 'endless')
            """)
        #expect(outcome.status == LH_ERROR_TIME)
    }

    /// Each is dropped whole: coroutine, variables, what it made.
    @Test func endedScriptsLeaveNothingBehind() {
        let test = TestVM()
        test.budget.cpu = 1
        let source =
            "local t = {} for i = 1, 1000 do t[i] = { i } end coroutine.wrap(function() while true do end end)()"
        for _ in 0..<5 { #expect(test.run(source).status == LH_ERROR_TIME) }
        lh_vm_collect(test.vm)
        let before = lh_vm_memory(test.vm).used
        for _ in 0..<20 { #expect(test.run(source).status == LH_ERROR_TIME) }
        lh_vm_collect(test.vm)
        #expect(lh_vm_memory(test.vm).used < before + 10_000)
    }
}

// SPDX-License-Identifier: MIT

import CLua
import Dispatch
import Testing

/// `io` and `os` are Lua's, whether their calls block or the coroutine waits for them.
struct FileTests {
    /// What the reference manual says of files (§6.8), and of commands and names (§6.9).
    private static let script = #"""
        local name = os.tmpname()
        local function eq(a, b, what) if a ~= b then error((what or "") .. ": expected " .. tostring(b) .. ", got " .. tostring(a), 2) end end
        assert(io.type(io.stdout) == "file" and io.type(42) == nil)
        local f = assert(io.open(name, "w"))
        eq(io.type(f), "file")
        eq(f:write("one\n", 2, "\n", 3.5, "\nlast"), f)
        eq(f:seek("cur"), 14) eq(f:seek("set", 0), 0) f:write("ONE") eq(f:seek("end"), 14)
        assert(f:close()) eq(io.type(f), "closed file") eq(tostring(f), "file (closed)")
        eq(pcall(f.read, f), false)
        local ok, e = pcall(function() return f:read() end) assert(e:find("attempt to use a closed file"), e)
        f = assert(io.open(name))
        eq(f:read(), "ONE") eq(f:read("n"), 2) eq(f:read("n"), 3.5) eq(f:read("L"), "\n") eq(f:read(0), "") eq(f:read("a"), "last") eq(f:read("a"), "") eq(f:read("l"), nil) eq(f:read(0), nil) eq(f:read(1), nil)
        eq(f:seek("set", 1), 1) eq(f:read(2), "NE") eq(f:read(2, "l"), "\n2")
        f:seek("set") local a, b, c, d, x = f:read("l", "l", "L", "l", "l") eq(a, "ONE") eq(b, "2") eq(c, "3.5\n") eq(d, "last") eq(x, nil) eq(select("#", (function() f:seek("set") return f:read("a", "l", "l") end)()), 2)
        f:close()
        local r, m, code = io.open(name .. "/none") eq(r, nil) assert(m:find(name .. "/none: ", 1, true), m) assert(code == 20, code)
        r, m, code = io.open("/nonexistent") eq(code, 2) eq(m, "/nonexistent: No such file or directory")
        eq(select(2, pcall(io.open, name, "rz")):find("invalid mode") ~= nil, true)
        local t = {} for l in io.lines(name) do t[#t + 1] = l end eq(table.concat(t, "|"), "ONE|2|3.5|last")
        t = {} for l in io.lines(name, "L") do t[#t + 1] = l end eq(table.concat(t), "ONE\n2\n3.5\nlast")
        t = {} for a, b in io.lines(name, 1, 2) do t[#t + 1] = a .. "-" .. (b or "") end eq(t[1], "O-NE")
        local ok, e = pcall(io.lines, "/nonexistent") eq(e, "cannot open file '/nonexistent' (No such file or directory)", "lines")
        for l in io.lines(name) do break end
        -- numbers
        f = io.open(name, "w") f:write("0x1p4 -7 +.5 1e3 0x.8 12abc nan 1e+ " .. ("9"):rep(220)) f:close()
        f = io.open(name) eq(f:read("n"), 16.0) eq(f:read("n"), -7) eq(f:read("n"), 0.5) eq(f:read("n"), 1000.0) eq(f:read("n"), 0.5) eq(f:read("n"), 12) eq(f:read(3), "abc") eq(f:read("n"), nil) f:close()
        -- append, read and write
        f = io.open(name, "a+") f:write("X") f:seek("set") eq(f:read(4), "0x1p") f:write("Y") f:seek("end", -2) eq(f:read("a"), "XY") f:close()
        f = io.open(name, "r+") eq(f:read(2), "0x") f:write("ZZ") f:seek("set") eq(f:read(6), "0xZZ4 ") f:close()
        f = io.open(name, "w+") f:write("abc") f:seek("set") eq(f:read("a"), "abc") f:close()
        -- large
        f = io.open(name, "wb") local line = ("x"):rep(999) .. "\n" for i = 1, 3000 do f:write(line) end f:close()
        local n = 0 for l in io.lines(name) do n = n + #l end eq(n, 999 * 3000)
        f = io.open(name) eq(#f:read("a"), 3000000) eq(f:seek("set", 1500), 1500) eq(#f:read(2000000), 1498500 + 0 > 0 and 2000000) eq(f:seek(), 2001500) f:close()
        f = io.open(name, "w") f:write(("y"):rep(300000)) f:setvbuf("no") f:write("z") f:close() f = io.open(name) eq(#f:read("l"), 300001) f:close()
        -- default files
        io.output(name) io.write("a", 1, "\n") io.close() io.output(io.stdout) io.input(name) eq(io.read("a"), "a1\n") io.close(io.input()) 
        eq(select(2, pcall(io.read)), "default input file is closed") io.input(io.stdin)
        for l in io.lines(name) do eq(l, "a1") end
        -- processes
        local p = io.popen("echo hi; exit 3") eq(p:read("a"), "hi\n") local a, b, c = p:close() eq(a, nil) eq(b, "exit") eq(c, 3)
        p = io.popen("cat > " .. name, "w") p:write("to cat") eq(p:close(), true) f = io.open(name) eq(f:read("a"), "to cat") f:close()
        a, b, c = os.execute("exit 5") eq(a, nil) eq(b, "exit") eq(c, 5) eq(os.execute("true"), true) a, b, c = os.execute("kill -9 $$") eq(b, "signal") eq(c, 9) eq(os.execute(), true)
        -- errors
        f = io.open("/") r, m, code = f:read("a") eq(r, nil) eq(code, 21) f:close()
        f = io.open(name) r, m, code = f:write("x") if r then r, m, code = f:flush() end eq(r, nil) eq(code, 9) f:close()
        f = io.open("/dev/full", "w") f:write("x") r, m, code = f:flush() eq(r, nil) eq(code, 28) r, m, code = f:close()
        local z = io.open("/dev/zero") r, m = pcall(z.read, z, "a") eq(r, false) assert(tostring(m):find("not enough memory"), m) z:close()
        r, m = pcall(function() local z <close> = io.open("/dev/zero") return z:read(1 << 40) end) eq(r, false) assert(m:find("not enough memory"), m)
        -- os
        local other = os.tmpname() eq(os.rename(name, other), true) r, m, code = os.remove(name) eq(r, nil) eq(code, 2) assert(m:find(name, 1, true)) eq(os.remove(other), true)
        r, m, code = os.rename("/nonexistent", other) eq(code, 2)
        do local t <close> = assert(io.tmpfile()) t:write("q") t:seek("set") eq(t:read("a"), "q") end
        -- in coroutines, pcall, sort
        f = io.open(other, "w") f:write("1\n2\n3\n") f:close()
        local g = coroutine.wrap(function() for l in io.lines(other) do coroutine.yield(l) end end) eq(g(), "1") eq(g(), "2") eq(g(), "3")
        table.sort({3, 1, 2}, function(a, b) local f <close> = io.open(other) f:read() return a < b end)
        for i = 1, 50 do io.open(other) end collectgarbage() collectgarbage()
        os.remove(other)
        """#

    @Test(arguments: [false, true]) func filesBehaveAsInLua(_ waits: Bool) {
        let test = WaitingVM(waits: waits)
        let outcome = test.run(Self.script)
        #expect(outcome == TestVM.Outcome(status: LH_OK, text: "", waits: 0))
        #expect(waits == (test.jobs > 100))
        #expect(test.close() == 0)
    }

    @Test func oneFileForManyCoroutinesLosesNothing() {
        let test = WaitingVM(waits: true)
        let outcome = test.run(
            """
            local name = os.tmpname()
            local f = io.open(name, 'w')
            for i = 1, 200 do f:write(('line %d\\n'):format(i)) if i % 7 == 0 then f:flush() end end
            f:close()
            local n = 0
            for line in io.lines(name) do n = n + 1 assert(line == 'line ' .. n) end
            os.remove(name)
            return n
            """)
        #expect(outcome.text == "200")
    }

    /// Nobody wants the answer any more: what waits for somebody else ends at once.
    @Test(arguments: [
        "local p = io.popen('sleep 60') return p:read('a')", "os.execute('sleep 60')",
        "local p = io.popen('sleep 60') p:close()",
        "local p = io.popen('sleep 60', 'w') p:write(('x'):rep(1e6))",
        "local n = os.tmpname() os.remove(n) os.execute('mkfifo ' .. n) local f = io.open(n) os.remove(n) return f:read()",
        "local n = os.tmpname() os.remove(n) os.execute('mkfifo ' .. n) return io.open(n, 'w')",
    ]) func whatIsCancelledEndsAtOnce(_ source: String) {
        let test = WaitingVM(waits: true)
        test.patience = 0.3
        let start = DispatchTime.now()
        #expect(test.run(source).status == LH_AWAITING)
        #expect(test.close() == 0)
        #expect(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds < 30_000_000_000)
    }

    @Test func memoryThatRunsOutIsAnError() {
        for k: Int64 in stride(from: 1, to: 400, by: 3) {
            let test = WaitingVM(waits: k % 2 == 0)
            lh_vm_fail_allocation(test.test.vm, k)
            _ = test.run(
                """
                local name = os.tmpname()
                local f = io.open(name, 'w+')
                if f then f:write('a', 1, ('x'):rep(100000)) f:seek('set') f:read('l', 'n') f:close() end
                for l in io.lines(name) do end
                local p = io.popen('echo x') p:read('a') p:close()
                """)
            lh_vm_fail_allocation(test.test.vm, 0)
            #expect(test.run("return #('x'):rep(1000)").text == "1000", "\(k)")
            #expect(test.close() == 0, "\(k)")
        }
    }
}

/// A VM whose blocking calls run on other threads while its coroutine waits, as in the server.
private final class WaitingVM {
    let test = TestVM()
    private(set) var jobs = 0
    /// Seconds after which a job is cancelled.
    var patience: Double?
    private var job: OpaquePointer?
    private let done = DispatchSemaphore(value: 0)

    init(waits: Bool) {
        guard waits else { return }
        lh_vm_set_blocker(
            test.vm,
            { context, _, job in
                let me = Unmanaged<WaitingVM>.fromOpaque(context!).takeUnretainedValue()
                me.jobs += 1
                me.job = job
                lh_job_start(
                    job,
                    { Unmanaged<DispatchSemaphore>.fromOpaque($0!).takeUnretainedValue().signal() },
                    Unmanaged.passUnretained(me.done).toOpaque())
                return true
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    func run(_ source: String) -> TestVM.Outcome {
        let coroutine = lh_coroutine_take(test.vm)
        test.budget = lh_budget(cpu: 60_000, memory: 64 << 20, held: 0, place: nil)
        var outcome = test.start(source, on: coroutine)
        while outcome.status == LH_AWAITING {
            if let patience, done.wait(timeout: .now() + patience) == .timedOut {
                lh_job_cancel(job)
                done.wait()
                break
            }
            if patience == nil { done.wait() }
            outcome = test.resume(coroutine.state, arguments: 0, waits: 0)
        }
        if outcome.status == LH_OK {
            lh_coroutine_put(test.vm, coroutine)
        } else {
            lh_coroutine_discard(test.vm, coroutine)
        }
        return outcome
    }

    func close() -> Int { test.close() }
}

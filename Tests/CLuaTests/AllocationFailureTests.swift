// SPDX-License-Identifier: MIT

import CLua
import Testing

/// Memory runs out at the k-th allocation of Lua code, for each k until the script gets through: it never
/// crashes, the VM stays usable, and nothing leaks.
struct AllocationFailureTests {
    private static let scripts: [(String, String)] = [
        (
            "loading and calling",
            "local t = {} for i = 1, 20 do t[i] = 'item ' .. i end return table.concat(t, ' ')"
        ),
        ("waiting", "local a = { wait() } local b = { wait() } return a[1] + b[1] .. ''"),
        (
            "waiting in coroutines",
            """
            local f = coroutine.wrap(function() local g = coroutine.wrap(function() return 'x' .. wait() end) return g() end)
            local _, text = coroutine.resume(coroutine.create(function() return 'y' .. wait() end))
            return f() .. text
            """
        ),
        (
            "errors",
            """
            local x <close> = setmetatable({}, { __close = function() note('closed ' .. tostring({})) end })
            pcall(fail)
            pcall(error, setmetatable({}, { __tostring = function() return 'e' .. tostring({}) end }))
            call(function() error('a' .. tostring({})) end)
            fail()
            """
        ),
        (
            "errors in a message handler",
            """
            xpcall(error, function() error(tostring({})) end)
            local function handler() error(tostring({})) end
            coroutine.wrap(function() xpcall(error, handler) end)()
            return 'x'
            """
        ),
        (
            "resuming the dead",
            """
            local co = coroutine.create(function() end)
            coroutine.resume(co)
            coroutine.resume(co)
            local self self = coroutine.create(function() return coroutine.resume(self) end)
            coroutine.resume(self)
            return 'x'
            """
        ),
        (
            "nesting too deep",
            "local function f(n) if n > 0 then return coroutine.wrap(f)(n - 1) end end return pcall(f, 250)"
        ),
        (
            "closing",
            """
            local co = coroutine.create(function()
              local x <close> = setmetatable({}, { __close = function() error('x' .. tostring({})) end })
              coroutine.yield({})
            end)
            coroutine.resume(co)
            coroutine.close(co)
            return 'x'
            """
        ),
        (
            "finalizers",
            """
            for i = 1, 3 do setmetatable({}, { __gc = function() pcall(fail) error('x' .. tostring({})) end }) end
            collectgarbage()
            return 'x'
            """
        ),
        (
            "a request",
            """
            local text = req.path .. req.raw .. req.query
            for name, value in pairs(req.headers) do text = text .. name .. value end
            for name, value in pairs(req) do text = text .. name end
            return text .. req.headers.host .. #req.headers:all('host')
            """
        ),
    ]

    @Test(arguments: scripts.indices) func scriptsSurviveFailingAllocations(_ index: Int) {
        let (name, source) = Self.scripts[index]
        let memory = RequestBytes("GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nHost: b\r\n\r\n")
        var failures = 0
        for k: Int64 in 1...20_000 {
            // A new VM each time: what is interned once needs no memory again.
            let test = TestVM()
            var token: UInt64?
            lh_vm_fail_allocation(test.vm, k)
            let outcome = test.run("local req = select(5, ...) " + source) { state in
                token = lh_request_begin(state, memory.request)
                return 1
            }
            let ranOut = Self.hasRunOut(test)
            lh_vm_fail_allocation(test.vm, 0)
            if outcome.status == LH_ERROR_MEMORY { failures += 1 }
            if let token { lh_request_end(test.vm, token) }
            #expect(test.run("return wait() + #('x'):rep(1000)").text == "1001", "\(name), \(k)")
            #expect(lh_vm_live_references(test.vm) == 0, "\(name), \(k)")
            #expect(test.close() == 0, "\(name), \(k)")
            guard ranOut else {
                #expect(failures > 0)
                return
            }
        }
        Issue.record("\(name) does not come to an end")
    }

    /// From the k-th allocation on all fail, this one too.
    private static func hasRunOut(_ test: TestVM) -> Bool {
        let main = lh_vm_main(test.vm)!
        defer { lh_set_top(main, 0) }
        return lh_load(main, "return {}", 9, "=probe") == LH_ERROR_MEMORY
    }
}

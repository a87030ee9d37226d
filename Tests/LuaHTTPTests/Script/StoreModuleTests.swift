// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

/// `app.shared` as scripts see it.
struct StoreModuleTests {
    private let fixture: ScriptFixture

    init() throws { fixture = try ScriptFixture() }

    private func run(_ source: String) -> String { fixture.run("local s = app.shared 'cache' " + source) }

    @Test(arguments: [
        ("return s:get 'a'", "nil"),
        ("return s:set('a', { 1, x = { true } }), s:get('a')[1], s:get('a').x[1]", "true 1 true"),
        ("s:set('a', false) return s:get 'a'", "false"),
        ("s:set(7, 'seven') return s:get '7', s:get(7)", "seven seven"),
        ("s:set('a', 1) s:set('a', nil) return s:get 'a', #s:keys()", "nil 0"),
        ("return s:add('a', 1), s:add('a', 2), s:get 'a'", "true false 1"),
        ("return s:incr 'n', s:incr('n', 5), s:incr('n', -1.5)", "1 6 4.5"),
        ("return s:incr('n', 1, 10), s:incr('m', 1, { init = 20, ttl = 9 })", "11 21"),
        ("s:set('a', 1) return s:delete 'a', s:delete 'a'", "true false"),
        (
            "s:set('b:1', 1) s:set('a', 1) s:set('b:0', 1) return table.concat(s:keys 'b:', ' '), #s:keys()",
            "b:0 b:1 3"
        ),
        ("s:set('a', 1) s:flush() return #s:keys(), s:stats().bytes", "0 0"),
        (
            "s:set('a', 1) s:get 'a' s:get 'b' local t = s:stats() return t.keys, t.hits, t.misses, t.size",
            "1 1 1 16777216"
        ),
        ("return s:update('a', function(v) return (v or 0) + 1 end), s:get 'a'", "1 1"),
        ("s:set('a', 1) s:update('a', function() end) return s:get 'a'", "nil"),
        // Another writer between reading and writing: the function is called again.
        (
            """
            local calls = 0
            s:update('a', function(v)
              calls = calls + 1
              if calls == 1 then s:set('a', 10) end
              return (v or 0) + 1
            end)
            return calls, s:get 'a'
            """, "2 11"
        ),
        // A copy, both ways.
        ("local t = { 1 } s:set('a', t) t[1] = 2 local u = s:get 'a' u[1] = 3 return s:get('a')[1]", "1"),
        ("s:set('a', app.array {}) return app.json(s:get 'a').body", "[]"),
        (
            "return app.shared('small', { size = '1KiB' }):set('a', ('x'):rep(2000))",
            "nil the value does not fit: the store has 1024 bytes"
        ),
        ("app.shared('other'):set('a', 1) return s:get 'a'", "nil"),
        ("s:set('a', 1) return app.shared('cache'):get 'a'", "1"),
        ("s:set('a', 1, { ttl = 1e9 }) return s:get 'a'", "1"),
        ("s:set('a', 1, { ttl = math.huge }) return s:get 'a'", "1"),
        ("s:set('a\\0b', 1) return s:get 'a\\0b', s:get 'a'", "1 nil"),
    ])
    func whatAStoreDoes(_ source: String, _ result: String) {
        #expect(run(source) == result)
    }

    @Test(arguments: [
        ("s.get('a')", "call it with a colon: store:get(…)"),
        ("s:set('a', print)", "a function cannot be copied: only plain data can"),
        ("s:set('a', { x = { print } })", "a function cannot be copied: only plain data can (at .x[1])"),
        ("s:set('a', app)", "a table with a metatable cannot be copied: only plain data can"),
        ("s:set({}, 1)", "a key must be a string, not table"),
        ("s:get(nil)", "a key must be a string, not nil"),
        ("s:set('a', 1, 5)", "options of set must be a table, not a number"),
        ("s:set('a', 1, { tl = 5 })", "unknown option 'tl' of set (did you mean 'ttl'?)"),
        ("s:set('a', 1, { ttl = 0 })", "ttl must be a positive number of seconds"),
        ("s:set('a', 1, { ttl = 0/0 })", "ttl must be a positive number of seconds"),
        ("s:set('a', 1, { ttl = 'x' })", "ttl must be a positive number of seconds"),
        ("s:add('a', nil)", "add expects a value, not nil"),
        ("s:set('a', 'x') s:incr 'a'", "incr: the value is a string, not a number"),
        ("s:incr('a', 'x')", "incr expects numbers"),
        ("s:update('a', 5)", "the function of update must be a function, not a number"),
        ("s:update('a', function() return print end)", "a function cannot be copied: only plain data can"),
        (
            "s:update('a', function() s:incr 'a' return 1 end)",
            "update gave up after 1000 attempts: the key changes faster than the function runs"
        ),
        ("app.shared()", "app.shared expects a name, not nothing"),
        ("app.shared('x', { sise = 1 })", "unknown option 'sise' of app.shared (did you mean 'size'?)"),
        (
            "app.shared('x', { size = 0 })",
            "size of app.shared must be a number of bytes or a size such as \"16MiB\""
        ),
        (
            "app.shared('x', { size = 'big' })",
            "size of app.shared must be a number of bytes or a size such as \"16MiB\""
        ),
        (
            "for i = 1, 300 do app.shared('n' .. i) end",
            "more than 256 shared stores: names must not come from requests (keys may)"
        ),
    ])
    func mistakes_AreTold(_ source: String, _ message: String) {
        #expect(run(source) == "app.lua:1: " + message)
    }

    /// What host functions push is never refused memory, so a store must not get around the VM's limit.
    @Test func theLimitOfTheVM_HoldsForWhatIsRead() throws {
        let fixture = try ScriptFixture()
        fixture.run("app.shared('s', { size = '64MiB' }):set('a', ('x'):rep(8 << 20))")
        let result = fixture.run(
            "local s, t = app.shared 's', {} for i = 1, 100 do t[i] = s:get 'a' end return #t")
        #expect(result.contains("not enough memory"), "\(result)")
    }
}

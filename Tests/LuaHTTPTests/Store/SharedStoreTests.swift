// SPDX-License-Identifier: MIT

import Dispatch
import Testing

@testable import LuaHTTP

/// The store against a plain dictionary, its bounds, its times, and many threads at once.
struct SharedStoreTests {
    private static let second: UInt64 = 1_000_000_000

    @Test func whatWasSet_IsThere() throws {
        let store = SharedStore()
        #expect(store.get("a", at: 1) == nil)
        try store.set("a", ["x": 1], at: 1)
        #expect(store.get("a", at: 2) == ["x": 1])
        try store.set("a", 2, at: 3)
        #expect(store.get("a", at: 3) == 2)
        #expect(store.remove("a", at: 4))
        #expect(!store.remove("a", at: 4))
        #expect(store.get("a", at: 5) == nil)
        #expect(store.statistics(at: 5).byteCount == 0)
    }

    @Test func addTakesOnlyWhatIsNotThere() throws {
        let store = SharedStore()
        #expect(try store.add("a", 1, lifetime: .nanoseconds(10), at: 0))
        #expect(try !store.add("a", 2, at: 9))
        #expect(store.get("a", at: 9) == 1)
        #expect(try store.add("a", 3, at: 10))
        #expect(store.get("a", at: 100) == 3)
    }

    @Test func aValueGoesWhenItsTimeIsOver() throws {
        let store = SharedStore()
        try store.set("a", 1, lifetime: .nanoseconds(5), at: 10)
        #expect(store.get("a", at: 14) == 1)
        #expect(store.keys("", at: 14) == ["a"])
        #expect(store.keys("", at: 15) == [])
        #expect(store.statistics(at: 15).count == 0)
        #expect(store.get("a", at: 15) == nil)
        #expect(store.statistics(at: 15).expirations == 1)
        try store.set("b", 1, lifetime: .nanoseconds(.max), at: 10)
        #expect(store.get("b", at: .max - 1) == 1)
    }

    @Test func countingKeepsTheTimeOfTheFirst() throws {
        let store = SharedStore()
        let life = SharedStore.Lifetime.nanoseconds(10)
        #expect(try store.incr("a", by: 1, initial: 0, lifetime: life, at: 0) == 1)
        #expect(try store.incr("a", by: 2, initial: 0, lifetime: life, at: 9) == 3)
        #expect(try store.incr("a", by: 1, initial: 5, lifetime: life, at: 10) == 6)
        #expect(try store.incr("f", by: 0.5, initial: 1, at: 0) == 1.5)
        #expect(try store.incr("max", by: 1, initial: .integer(.max), at: 0) == .integer(.min))
        try store.set("text", "x", at: 0)
        #expect(throws: SharedStore.Failure.self) { try store.incr("text", by: 1, initial: 0, at: 0) }
    }

    @Test func aReplacementNeedsTheVersionThatWasRead() throws {
        let store = SharedStore()
        #expect(store.version("a") == 0)
        #expect(try store.replace("a", ifVersion: 0, with: 1))
        let first = store.version("a")
        #expect(try !store.replace("a", ifVersion: 0, with: 2))
        #expect(try store.replace("a", ifVersion: first, with: 2))
        #expect(try !store.replace("a", ifVersion: first, with: 3))
        // Removed and set again it is another one, also after a flush.
        let second = store.version("a")
        _ = store.remove("a", at: 0)
        try store.set("a", 2, at: 0)
        #expect(try !store.replace("a", ifVersion: second, with: 3))
        let third = store.version("a")
        store.removeAll()
        try store.set("a", 2, at: 0)
        #expect(try !store.replace("a", ifVersion: third, with: 3))
        #expect(try store.replace("a", ifVersion: store.version("a"), with: nil))
        #expect(store.get("a", at: 0) == nil)
    }

    @Test func aReplacementKeepsTheTime() throws {
        let store = SharedStore()
        try store.set("a", 1, lifetime: .nanoseconds(10), at: 0)
        #expect(try store.replace("a", ifVersion: store.version("a"), with: 2))
        #expect(store.get("a", at: 9) == 2)
        #expect(store.get("a", at: 10) == nil)
    }

    @Test func keysAreFoundByPrefix() throws {
        let store = SharedStore()
        for key in ["b:2", "a:1", "b:1", "c"] { try store.set(key, 1, at: 0) }
        #expect(store.keys("b:", at: 1) == ["b:1", "b:2"])
        #expect(store.keys("", at: 1) == ["a:1", "b:1", "b:2", "c"])
        #expect(store.keys("zz", at: 1) == [])
    }

    @Test func theOldestGoesFirstAcrossAllShards() throws {
        let store = SharedStore(size: 64 << 10)
        let value = LuaValue.string([UInt8](repeating: 1, count: 1000))
        var now: UInt64 = 0
        for number in 0..<1000 {
            now += 1
            try store.set("key\(number)", value, at: now)
            // Used all the time, so it stays.
            now += 1
            if number > 0 { #expect(store.get("key0", at: now) != nil) }
        }
        let statistics = store.statistics(at: now)
        #expect(statistics.byteCount <= 64 << 10)
        #expect(statistics.count + statistics.evictions == 1000)
        #expect(statistics.count > 40)
        // Exactly the newest are left.
        let newest = Set((1001 - statistics.count..<1000).map { "key\($0)" } + ["key0"])
        #expect(Set(store.keys("", at: now)) == newest)
    }

    @Test func whatIsLargerThanTheStore_IsRefusedAndHarmsNothing() throws {
        let store = SharedStore(size: 4096)
        try store.set("a", 1, at: 0)
        #expect(throws: SharedStore.Failure.self) {
            try store.set("b", .string([UInt8](repeating: 0, count: 4096)), at: 1)
        }
        #expect(store.keys("", at: 2) == ["a"])
        try store.set("c", .string([UInt8](repeating: 0, count: 3000)), at: 3)
        store.resize(to: 2048, at: 4)
        #expect(store.keys("", at: 5) == ["a"] || store.keys("", at: 5) == [])
        #expect(store.statistics(at: 5).byteCount <= 2048)
    }

    /// Random operations on a store that never fills up: the same answers as a dictionary's.
    @Test func aStoreIsADictionary() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20 {
            let store = SharedStore()
            var model: [String: (value: LuaValue, expires: UInt64)] = [:]
            var now: UInt64 = 0
            for _ in 0..<2000 {
                now += UInt64.random(in: 0...2, using: &random)
                let key = "k\(Int.random(in: 0..<60, using: &random))"
                if let entry = model[key], entry.expires <= now { model[key] = nil }
                let number = Int64.random(in: 0..<9, using: &random)
                let life = UInt64.random(in: 1...40, using: &random)
                switch Int.random(in: 0..<6, using: &random) {
                case 0, 1: #expect(store.get(key, at: now) == model[key]?.value)
                case 2:
                    try store.set(key, .integer(number), lifetime: .nanoseconds(life), at: now)
                    model[key] = (.integer(number), now + life)
                case 3:
                    #expect(try store.add(key, .integer(number), at: now) == (model[key] == nil))
                    if model[key] == nil { model[key] = (.integer(number), .max) }
                case 4: #expect(store.remove(key, at: now) == (model.removeValue(forKey: key) != nil))
                default:
                    let sum = try store.incr(key, by: 3, initial: 100, at: now)
                    guard case .integer(let before) = model[key]?.value ?? 100 else { continue }
                    #expect(sum == .integer(before + 3))
                    model[key] = (sum, model[key]?.expires ?? .max)
                }
            }
            let live = model.filter { $0.value.expires > now }.keys.sorted()
            #expect(store.keys("", at: now) == live)
            #expect(store.statistics(at: now).count == live.count)
        }
    }

    @Test func threadsLoseNoCount() throws {
        let store = SharedStore()
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for turn in 0..<2000 {
                _ = try? store.incr("sum", by: 1, initial: 0, at: 0)
                _ = try? store.incr("k\(turn % 50)", by: 1, initial: 0, at: 0)
                // Compare and swap.
                while true {
                    let (value, version) = store.versioned("list", at: 0)
                    guard case .integer(let count) = value ?? 0 else { break }
                    if (try? store.replace("list", ifVersion: version, with: .integer(count + 1))) == true {
                        break
                    }
                }
            }
        }
        #expect(store.get("sum", at: 0) == 16_000)
        #expect(store.get("list", at: 0) == 16_000)
        for number in 0..<50 { #expect(store.get("k\(number)", at: 0) == 320) }
    }

    @Test func threadsKeepTheBound() throws {
        let store = SharedStore(size: 256 << 10)
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for turn in 0..<2000 {
                let value = LuaValue.string([UInt8](repeating: 7, count: turn % 700))
                try? store.set("k\(thread)-\(turn % 400)", value, at: UInt64(turn))
                _ = store.get("k\((thread + 1) % 8)-\(turn % 400)", at: UInt64(turn))
                if turn % 500 == 0, thread == 0 { store.removeAll() }
            }
        }
        let statistics = store.statistics(at: 0)
        #expect(statistics.byteCount <= 256 << 10)
        #expect(statistics.count > 100)
        for key in store.keys("", at: 0) { #expect(store.remove(key, at: 0)) }
        #expect(store.statistics(at: 0).byteCount == 0)
    }

    @Test func storesGoByName() throws {
        let stores = SharedStores()
        let first = try #require(stores.store(named: "a", size: nil, at: 0))
        #expect(first.size == 16 << 20)
        #expect(stores.store(named: "a", size: 1024, at: 0) === first)
        #expect(first.size == 1024)
        #expect(stores.store(named: "a", size: nil, at: 0) === first)
        #expect(first.size == 1024)
        for number in 1..<SharedStores.most {
            #expect(stores.store(named: "\(number)", size: nil, at: 0) != nil)
        }
        #expect(stores.store(named: "one more", size: nil, at: 0) == nil)
        #expect(stores.store(named: "a", size: nil, at: 0) === first)
    }
}

/// Keys as text.
extension SharedStore {
    fileprivate func with<Result>(_ key: String, _ body: (Key) throws -> Result) rethrows -> Result {
        try Array(key.utf8).withUnsafeBytes(body)
    }

    fileprivate func get(_ key: String, at now: UInt64) -> LuaValue? { with(key) { get($0, at: now) } }

    fileprivate func versioned(_ key: String, at now: UInt64) -> (value: LuaValue?, version: UInt64) {
        with(key) { versioned($0, at: now) }
    }

    fileprivate func version(_ key: String) -> UInt64 { versioned(key, at: 0).version }

    fileprivate func set(
        _ key: String, _ value: LuaValue, lifetime: Lifetime = .forever, at now: UInt64
    ) throws {
        try with(key) { try set($0, value, lifetime: lifetime, at: now) }
    }

    fileprivate func add(
        _ key: String, _ value: LuaValue, lifetime: Lifetime = .forever, at now: UInt64
    ) throws -> Bool {
        try with(key) { try add($0, value, lifetime: lifetime, at: now) }
    }

    @discardableResult
    fileprivate func incr(
        _ key: String, by step: LuaValue, initial: LuaValue, lifetime: Lifetime = .forever, at now: UInt64
    ) throws -> LuaValue {
        try with(key) { try increment($0, by: step, initial: initial, lifetime: lifetime, at: now) }
    }

    fileprivate func replace(_ key: String, ifVersion version: UInt64, with value: LuaValue?) throws -> Bool {
        try with(key) { try replace($0, ifVersion: version, with: value, lifetime: .kept, at: 0) }
    }

    fileprivate func remove(_ key: String, at now: UInt64) -> Bool { with(key) { remove($0, at: now) } }

    fileprivate func keys(_ prefix: String, at now: UInt64) -> [String] {
        with(prefix) { keys(prefix: $0, at: now).map { String(decoding: $0, as: UTF8.self) } }
    }
}

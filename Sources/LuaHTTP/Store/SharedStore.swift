// SPDX-License-Identifier: MIT

internal import Synchronization

/// A named store that all workers share: plain values under keys, bounded in bytes, the least recently used
/// given up first. Each operation is atomic. Knows no Lua; `now` is nanoseconds of a monotonic clock.
final class SharedStore: Sendable {
    typealias Key = UnsafeRawBufferPointer

    enum Failure: Error {
        /// The value alone does not fit the store.
        case tooLarge
        /// `increment` found this.
        case notANumber(LuaValue)
    }

    /// How long a value stays.
    enum Lifetime {
        case forever
        /// As long as what was there, which is for ever if nothing was.
        case kept
        case nanoseconds(UInt64)

        fileprivate func end(at now: UInt64, kept: UInt64?) -> UInt64 {
            switch self {
            case .forever: .max
            case .kept: kept ?? .max
            case .nanoseconds(let time): now.addingReportingOverflow(time).overflow ? .max : now &+ time
            }
        }
    }

    struct Statistics: Equatable {
        var count = 0
        var byteCount = 0
        var size = 0
        var hits = 0
        var misses = 0
        var evictions = 0
        var expirations = 0
    }

    /// A lock and what it guards. `oldest` and the store's sum can be read without it.
    private final class Shard: Sendable {
        let content = Mutex(StoreShard())
        /// ``StoreShard/oldestUse``, so that the store can give up the oldest entry of all.
        let oldest = Atomic<UInt64>(.max)
    }

    static let defaultSize = 16 << 20
    private static let shardBits: UInt64 = 4
    private let shards: [Shard] = (0..<(1 << shardBits)).map { _ in Shard() }
    private let bytes = Atomic<Int>(0)
    private let mostBytes: Atomic<Int>

    init(size: Int = defaultSize) { mostBytes = Atomic(size) }

    var size: Int { mostBytes.load(ordering: .relaxed) }

    // MARK: Operations

    func get(_ key: Key, at now: UInt64) -> LuaValue? { versioned(key, at: now).value }

    /// The value, and what ``replace(_:ifVersion:with:lifetime:at:)`` wants to see again: 0 for nothing.
    func versioned(_ key: Key, at now: UInt64) -> (value: LuaValue?, version: UInt64) {
        change(key, at: now) { shard, hash in
            shard.read(key, hash, at: now).map { ($0.value, $0.version) } ?? (nil, 0)
        }
    }

    func set(_ key: Key, _ value: LuaValue, lifetime: Lifetime = .forever, at now: UInt64) throws(Failure) {
        let size = try checkedSize(of: value, key)
        change(key, at: now) { shard, hash in
            let kept = shard.peek(key, hash, at: now)?.expires
            shard.write(
                key, hash, value, byteCount: size, expires: lifetime.end(at: now, kept: kept), at: now)
        }
    }

    /// Sets what is not there; false when it is.
    func add(
        _ key: Key, _ value: LuaValue, lifetime: Lifetime = .forever, at now: UInt64
    ) throws(Failure) -> Bool {
        let size = try checkedSize(of: value, key)
        return change(key, at: now) { shard, hash in
            guard shard.peek(key, hash, at: now) == nil else { return false }
            shard.write(
                key, hash, value, byteCount: size, expires: lifetime.end(at: now, kept: nil), at: now)
            return true
        }
    }

    /// Adds `step` to a number, or to `initial` where there is none, and returns the sum. The lifetime is that
    /// of a new number: counting does not prolong it.
    func increment(
        _ key: Key, by step: LuaValue, initial: LuaValue, lifetime: Lifetime = .forever, at now: UInt64
    ) throws(Failure) -> LuaValue {
        let size = try checkedSize(of: step, key)
        let outcome: Result<LuaValue, Failure> = change(key, at: now) { shard, hash in
            let entry = shard.read(key, hash, at: now)
            guard let sum = (entry?.value ?? initial).adding(step) else {
                return .failure(.notANumber(entry?.value ?? initial))
            }
            let expires = entry?.expires ?? lifetime.end(at: now, kept: nil)
            shard.write(key, hash, sum, byteCount: size, expires: expires, at: now)
            return .success(sum)
        }
        return try outcome.get()
    }

    /// Sets `key`, or removes it for a nil value, if it is still as it was read; false when somebody else was
    /// faster.
    func replace(
        _ key: Key, ifVersion version: UInt64, with value: LuaValue?, lifetime: Lifetime, at now: UInt64
    ) throws(Failure) -> Bool {
        let size = try checkedSize(of: value ?? .nil, key)
        return change(key, at: now) { shard, hash in
            let entry = shard.peek(key, hash, at: now)
            guard entry?.version ?? 0 == version else { return false }
            guard let value else {
                _ = shard.remove(key, hash, at: now)
                return true
            }
            let expires = lifetime.end(at: now, kept: entry?.expires)
            shard.write(key, hash, value, byteCount: size, expires: expires, at: now)
            return true
        }
    }

    /// False when there was nothing.
    func remove(_ key: Key, at now: UInt64) -> Bool {
        change(key, at: now) { shard, hash in shard.remove(key, hash, at: now) }
    }

    func removeAll() {
        for shard in shards {
            // What was there is freed after the lock is.
            _ = shard.content.withLock { content in
                let old = content
                bytes.subtract(old.byteCount, ordering: .relaxed)
                content.removeAll()
                shard.oldest.store(.max, ordering: .relaxed)
                return old
            }
        }
    }

    /// The keys that begin with `prefix`, sorted.
    func keys(prefix: Key, at now: UInt64) -> [[UInt8]] {
        var keys: [[UInt8]] = []
        for shard in shards {
            keys += shard.content.withLock { content in
                var found: [[UInt8]] = []
                content.forEach(at: now) { if $0.key.starts(with: prefix) { found.append($0.key) } }
                return found
            }
        }
        return keys.sorted { $0.lexicographicallyPrecedes($1) }
    }

    func statistics(at now: UInt64) -> Statistics {
        var sum = Statistics(size: size)
        for shard in shards {
            shard.content.withLock { content in
                content.forEach(at: now) { _ in sum.count += 1 }
                sum.byteCount += content.byteCount
                sum.hits += content.statistics.hits
                sum.misses += content.statistics.misses
                sum.evictions += content.statistics.evictions
                sum.expirations += content.statistics.expirations
            }
        }
        return sum
    }

    /// Another bound from now on.
    func resize(to size: Int, at now: UInt64) {
        mostBytes.store(size, ordering: .relaxed)
        trim(at: now)
    }

    // MARK: Parts

    /// Runs `body` on the shard of `key` under its lock, and keeps the bound.
    private func change<Result>(
        _ key: Key, at now: UInt64, _ body: (inout StoreShard, UInt64) -> Result
    ) -> Result {
        var hasher = Hasher()
        hasher.combine(bytes: key)
        let hash = UInt64(bitPattern: Int64(hasher.finalize()))
        let shard = shards[Int(truncatingIfNeeded: hash >> (64 - Self.shardBits))]
        var grown = 0
        let result = shard.content.withLock { content in
            let before = content.byteCount
            let result = body(&content, hash)
            grown = content.byteCount - before
            shard.oldest.store(content.oldestUse, ordering: .relaxed)
            return result
        }
        if grown != 0, bytes.add(grown, ordering: .relaxed).newValue > self.size { trim(at: now) }
        return result
    }

    private func checkedSize(of value: LuaValue, _ key: Key) throws(Failure) -> Int {
        let size = value.byteCount
        guard size &+ key.count &+ StoreShard.overhead <= self.size else { throw .tooLarge }
        return size
    }

    /// Gives up the oldest entries of all shards until the bound holds.
    private func trim(at now: UInt64) {
        while bytes.load(ordering: .relaxed) > size {
            var oldest = shards[0]
            for shard in shards
            where shard.oldest.load(ordering: .relaxed) < oldest.oldest.load(ordering: .relaxed) {
                oldest = shard
            }
            guard oldest.oldest.load(ordering: .relaxed) != .max else { return }
            oldest.content.withLock { content in
                let before = content.byteCount
                content.evict(at: now)
                bytes.subtract(before - content.byteCount, ordering: .relaxed)
                oldest.oldest.store(content.oldestUse, ordering: .relaxed)
            }
        }
    }
}

extension LuaValue {
    /// The sum of two numbers, as Lua adds: integers wrap around. Nil for what is no number.
    fileprivate func adding(_ other: LuaValue) -> LuaValue? {
        switch (self, other) {
        case (.integer(let a), .integer(let b)): .integer(a &+ b)
        case (.integer(let a), .number(let b)): .number(Double(a) + b)
        case (.number(let a), .integer(let b)): .number(a + Double(b))
        case (.number(let a), .number(let b)): .number(a + b)
        default: nil
        }
    }
}

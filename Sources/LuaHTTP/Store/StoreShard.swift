// SPDX-License-Identifier: MIT

/// One part of a store: keys to values, in the order of their last use. Knows neither locks nor clocks: time
/// is an argument. Sizes are kept, but the bound is the store's, which holds for all shards together.
struct StoreShard {
    struct Entry {
        var key: [UInt8]
        var hash: UInt64
        var value: LuaValue
        /// Of this change of the entry; no two changes of a shard have the same.
        var version: UInt64
        /// Nanoseconds; `.max` is never.
        var expires: UInt64
        var used: UInt64
        var byteCount: Int
        /// Neighbours in the order of use, and the next entry of the same hash; -1 ends.
        var newer: Int32 = -1
        var older: Int32 = -1
        var next: Int32 = -1
    }

    /// What an entry takes beside its key and its value.
    static let overhead = 144

    private var entries: [Entry] = []
    private var unused: [Int32] = []
    /// Hash → first entry with it.
    private var index: [UInt64: Int32] = [:]
    private var newest: Int32 = -1
    private var oldest: Int32 = -1
    private var lastVersion: UInt64 = 0
    private(set) var byteCount = 0
    private(set) var statistics = Statistics()

    struct Statistics {
        var hits = 0
        var misses = 0
        var evictions = 0
        var expirations = 0
    }

    var count: Int { entries.count - unused.count }

    /// When the entry was used that has not been used for longest; `.max` without any.
    var oldestUse: UInt64 { oldest < 0 ? .max : entries[Int(oldest)].used }

    // MARK: Reading

    /// The entry for `key`, which becomes the newest; nil also when it has expired.
    mutating func read(_ key: UnsafeRawBufferPointer, _ hash: UInt64, at now: UInt64) -> Entry? {
        guard let slot = live(key, hash, at: now) else {
            statistics.misses &+= 1
            return nil
        }
        statistics.hits &+= 1
        touch(slot, at: now)
        return entries[Int(slot)]
    }

    /// The entry for `key`, which counts as no use.
    mutating func peek(_ key: UnsafeRawBufferPointer, _ hash: UInt64, at now: UInt64) -> Entry? {
        live(key, hash, at: now).map { entries[Int($0)] }
    }

    /// Calls `body` with each entry that has not expired.
    func forEach(at now: UInt64, _ body: (Entry) -> Void) {
        var slot = newest
        while slot >= 0 {
            let entry = entries[Int(slot)]
            if entry.expires > now { body(entry) }
            slot = entry.older
        }
    }

    // MARK: Changing

    /// Sets `key`; returns the version.
    @discardableResult
    mutating func write(
        _ key: UnsafeRawBufferPointer, _ hash: UInt64, _ value: LuaValue, byteCount size: Int,
        expires: UInt64, at now: UInt64
    ) -> UInt64 {
        lastVersion &+= 1
        let total = size &+ key.count &+ Self.overhead
        if let slot = find(key, hash) {
            let place = Int(slot)
            byteCount += total - entries[place].byteCount
            entries[place].value = value
            entries[place].version = lastVersion
            entries[place].expires = expires
            entries[place].byteCount = total
            touch(slot, at: now)
            return lastVersion
        }
        let slot = take(
            Entry(
                key: [UInt8](key), hash: hash, value: value, version: lastVersion, expires: expires,
                used: now, byteCount: total))
        entries[Int(slot)].next = index.updateValue(slot, forKey: hash) ?? -1
        pushNewest(slot)
        byteCount += total
        return lastVersion
    }

    /// Removes `key`; false when it was not there or has expired.
    mutating func remove(_ key: UnsafeRawBufferPointer, _ hash: UInt64, at now: UInt64) -> Bool {
        guard let slot = live(key, hash, at: now) else { return false }
        remove(slot)
        return true
    }

    /// Removes the entry that has not been used for longest.
    mutating func evict(at now: UInt64) {
        guard oldest >= 0 else { return }
        if entries[Int(oldest)].expires <= now {
            statistics.expirations &+= 1
        } else {
            statistics.evictions &+= 1
        }
        remove(oldest)
    }

    /// Removes everything. Versions go on: an update that began before must fail.
    mutating func removeAll() {
        entries = []
        unused = []
        index = [:]
        (newest, oldest) = (-1, -1)
        byteCount = 0
    }

    // MARK: Parts

    private func find(_ key: UnsafeRawBufferPointer, _ hash: UInt64) -> Int32? {
        guard var slot = index[hash] else { return nil }
        while slot >= 0 {
            if entries[Int(slot)].key.elementsEqual(key) { return slot }
            slot = entries[Int(slot)].next
        }
        return nil
    }

    /// As `find`; removes the entry if its time is over.
    private mutating func live(_ key: UnsafeRawBufferPointer, _ hash: UInt64, at now: UInt64) -> Int32? {
        guard let slot = find(key, hash) else { return nil }
        if entries[Int(slot)].expires > now { return slot }
        statistics.expirations &+= 1
        remove(slot)
        return nil
    }

    private mutating func take(_ entry: Entry) -> Int32 {
        if let slot = unused.popLast() {
            entries[Int(slot)] = entry
            return slot
        }
        entries.append(entry)
        return Int32(entries.count - 1)
    }

    private mutating func remove(_ slot: Int32) {
        let entry = entries[Int(slot)]
        byteCount -= entry.byteCount
        unlink(slot)
        removeFromIndex(slot, entry)
        // Its memory goes now; the slot waits for the next entry.
        entries[Int(slot)].key = []
        entries[Int(slot)].value = .nil
        unused.append(slot)
    }

    private mutating func removeFromIndex(_ slot: Int32, _ entry: Entry) {
        guard var other = index[entry.hash] else { return }
        if other == slot {
            index[entry.hash] = entry.next < 0 ? nil : entry.next
            return
        }
        while other >= 0 {
            let next = entries[Int(other)].next
            if next == slot { return entries[Int(other)].next = entry.next }
            other = next
        }
    }

    // MARK: Order of use

    private mutating func touch(_ slot: Int32, at now: UInt64) {
        entries[Int(slot)].used = now
        guard slot != newest else { return }
        unlink(slot)
        pushNewest(slot)
    }

    private mutating func pushNewest(_ slot: Int32) {
        entries[Int(slot)].older = newest
        entries[Int(slot)].newer = -1
        if newest >= 0 { entries[Int(newest)].newer = slot }
        newest = slot
        if oldest < 0 { oldest = slot }
    }

    private mutating func unlink(_ slot: Int32) {
        let (newer, older) = (entries[Int(slot)].newer, entries[Int(slot)].older)
        if newer >= 0 { entries[Int(newer)].older = older } else { newest = older }
        if older >= 0 { entries[Int(older)].newer = newer } else { oldest = newer }
    }
}

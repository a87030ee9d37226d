// SPDX-License-Identifier: MIT

/// Deadlines and what is due at each, the earliest first: a binary heap whose entries can be removed by a name.
/// Knows no clock.
struct DeadlineHeap<Payload> {
    /// Names an entry; after it has left the heap the name means nothing.
    struct ID: Equatable {
        fileprivate let slot: Int32
        fileprivate let serial: UInt32
    }

    private struct Entry {
        var deadline: UInt64
        var slot: Int32
    }

    private struct Slot {
        var serial: UInt32 = 0
        /// Where its entry is in the heap; in a free slot, the next free one or -1.
        var position: Int32 = -1
        var payload: Payload?
    }

    private var entries: [Entry] = []
    private var slots: [Slot] = []
    private var firstFree: Int32 = -1

    var count: Int { entries.count }
    var earliest: UInt64? { entries.first?.deadline }

    mutating func insert(_ payload: Payload, at deadline: UInt64) -> ID {
        let slot: Int32
        if firstFree >= 0 {
            slot = firstFree
            firstFree = slots[Int(slot)].position
        } else {
            slot = Int32(truncatingIfNeeded: slots.count)
            slots.append(Slot())
        }
        slots[Int(slot)].payload = payload
        entries.append(Entry(deadline: deadline, slot: slot))
        rise(from: entries.count - 1)
        return ID(slot: slot, serial: slots[Int(slot)].serial)
    }

    /// False when it has left the heap already.
    @discardableResult
    mutating func remove(_ id: ID) -> Bool {
        guard contains(id) else { return false }
        take(at: Int(slots[Int(id.slot)].position))
        return true
    }

    /// Takes the earliest entry out, if its deadline is not after `now`.
    mutating func popFirst(dueBy now: UInt64) -> Payload? {
        guard let first = entries.first, first.deadline <= now else { return nil }
        return take(at: 0)
    }

    mutating func removeAll() { self = DeadlineHeap() }

    func contains(_ id: ID) -> Bool {
        Int(id.slot) < slots.count && slots[Int(id.slot)].serial == id.serial
            && slots[Int(id.slot)].payload != nil
    }

    // MARK: Heap

    @discardableResult
    private mutating func take(at position: Int) -> Payload? {
        let slot = Int(entries[position].slot)
        let last = entries.removeLast()
        if position < entries.count {
            entries[position] = last
            sink(from: position)
            rise(from: position)
        }
        let payload = slots[slot].payload
        slots[slot] = Slot(serial: slots[slot].serial &+ 1, position: firstFree)
        firstFree = Int32(truncatingIfNeeded: slot)
        return payload
    }

    private mutating func rise(from start: Int) {
        var position = start
        let entry = entries[position]
        while position > 0 {
            let parent = (position - 1) / 2
            guard entry.deadline < entries[parent].deadline else { break }
            put(entries[parent], at: position)
            position = parent
        }
        put(entry, at: position)
    }

    private mutating func sink(from start: Int) {
        var position = start
        let entry = entries[position]
        while true {
            var child = 2 * position + 1
            guard child < entries.count else { break }
            if child + 1 < entries.count, entries[child + 1].deadline < entries[child].deadline { child += 1 }
            guard entries[child].deadline < entry.deadline else { break }
            put(entries[child], at: position)
            position = child
        }
        put(entry, at: position)
    }

    private mutating func put(_ entry: Entry, at position: Int) {
        entries[position] = entry
        slots[Int(entry.slot)].position = Int32(truncatingIfNeeded: position)
    }
}

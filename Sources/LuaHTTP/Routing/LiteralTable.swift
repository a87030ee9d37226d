// SPDX-License-Identifier: MIT

/// A frozen hash map from (parent node, bytes) to child node, one for the whole route table: open
/// addressing, at most half full, no storage but two arrays.
struct LiteralTable: Sendable {
    struct Entry {
        let bytes: [UInt8]
        let parent: UInt32
        let child: UInt32
    }

    private struct Slot {
        var hash: UInt32 = 0
        var parent: UInt32 = 0
        var offset: UInt32 = 0
        var count: UInt32 = 0
        var child: UInt32 = LiteralTable.none
    }

    /// The parent under which whole paths are kept.
    static let wholePath = UInt32.max
    private static let none = UInt32.max

    private let slots: [Slot]
    private let blob: [UInt8]
    private let mask: Int

    init(_ entries: [Entry]) {
        var capacity = 8
        while capacity < entries.count * 2 { capacity *= 2 }
        let mask = capacity - 1
        var slots = Array(repeating: Slot(), count: capacity)
        var blob: [UInt8] = []
        for entry in entries {
            let hash = entry.bytes.withUnsafeBytes { Self.hash($0, entry.parent) }
            var index = Int(hash) & mask
            while slots[index].child != Self.none { index = (index + 1) & mask }
            slots[index] = Slot(
                hash: hash, parent: entry.parent, offset: UInt32(blob.count),
                count: UInt32(entry.bytes.count), child: entry.child)
            blob += entry.bytes
        }
        self.mask = mask
        self.slots = slots
        self.blob = blob
    }

    func find(_ bytes: UnsafeRawBufferPointer, under parent: UInt32) -> UInt32? {
        let hash = Self.hash(bytes, parent)
        var index = Int(hash) & mask
        while true {
            let slot = slots[index]
            if slot.child == Self.none { return nil }
            if slot.hash == hash, slot.parent == parent, Int(slot.count) == bytes.count, isEqual(slot, bytes)
            {
                return slot.child
            }
            index = (index + 1) & mask
        }
    }

    private func isEqual(_ slot: Slot, _ bytes: UnsafeRawBufferPointer) -> Bool {
        let start = Int(slot.offset)
        return blob[start..<start + bytes.count].elementsEqual(bytes)
    }

    /// A multiply-and-fold hash over eight bytes at a time. Its keys are the author's, so it needs no
    /// secret: a client can choose what is looked up, not what is stored.
    private static func hash(_ bytes: UnsafeRawBufferPointer, _ parent: UInt32) -> UInt32 {
        var state = (UInt64(parent) << 32 | UInt64(truncatingIfNeeded: bytes.count)) ^ 0x9E37_79B9_7F4A_7C15
        var index = 0
        while bytes.count - index >= 8 {
            state = fold(state ^ bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            index += 8
        }
        var tail: UInt64 = 0
        while index < bytes.count {
            tail = tail << 8 | UInt64(bytes[index])
            index += 1
        }
        state = fold(state ^ tail)
        return UInt32(truncatingIfNeeded: state ^ (state >> 32))
    }

    private static func fold(_ value: UInt64) -> UInt64 {
        let (high, low) = value.multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        return high ^ low
    }
}

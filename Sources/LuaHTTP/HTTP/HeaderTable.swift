// SPDX-License-Identifier: MIT

/// Where a field's name and value lie in the slab. Four UInt32 in this order: C reads the same memory.
struct HeaderEntry: Equatable {
    var nameOffset: UInt32
    var nameLength: UInt32
    var valueOffset: UInt32
    var valueLength: UInt32
}

/// A piece of the request head: offset and length in the slab.
struct HeadSlice: Equatable {
    var offset: UInt32 = 0
    var length: UInt32 = 0

    init() {}

    init(_ start: Int, _ end: Int) {
        offset = UInt32(truncatingIfNeeded: start)
        length = UInt32(truncatingIfNeeded: max(end &- start, 0))
    }

    var isEmpty: Bool { length == 0 }
}

/// The fields of one request in order of arrival, with O(1) answers about well-known names.
/// Holds offsets only; does not know the bytes. Reused from request to request.
struct HeaderTable: ~Copyable {
    private(set) var entries: UnsafeMutablePointer<HeaderEntry>
    private(set) var count = 0
    private var ids: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private var present: UInt64 = 0
    private var repeated: UInt64 = 0
    private var first: InlineArray<64, UInt16> = .init(repeating: 0)

    private static let unknown: UInt8 = 0xFF

    init() {
        capacity = 8
        entries = .allocate(capacity: capacity)
        ids = .allocate(capacity: capacity)
    }

    deinit {
        entries.deallocate()
        ids.deallocate()
    }

    mutating func reset() {
        count = 0
        present = 0
        repeated = 0
    }

    mutating func append(_ entry: HeaderEntry, _ name: HeaderName?) {
        if count == capacity { grow() }
        // SAFETY: count < capacity.
        entries[count] = entry
        ids[count] = name?.rawValue ?? HeaderTable.unknown
        if let name {
            let bit = UInt64(1) &<< UInt64(name.rawValue & 63)
            if present & bit == 0 {
                present |= bit
                first[Int(name.rawValue & 63)] = UInt16(truncatingIfNeeded: count)
            } else {
                repeated |= bit
            }
        }
        count &+= 1
    }

    @inline(__always)
    func contains(_ name: HeaderName) -> Bool {
        present & (1 &<< UInt64(name.rawValue & 63)) != 0
    }

    /// The client says under which conditions it wants the answer (RFC 9110 §13.1), If-Range aside.
    @inline(__always)
    var hasPreconditions: Bool {
        let fields =
            Self.bit(.ifMatch) | Self.bit(.ifNoneMatch) | Self.bit(.ifModifiedSince)
            | Self.bit(.ifUnmodifiedSince)
        return present & fields != 0
    }

    @inline(__always)
    private static func bit(_ name: HeaderName) -> UInt64 { 1 &<< UInt64(name.rawValue & 63) }

    /// True if the field came on more than one line.
    func isRepeated(_ name: HeaderName) -> Bool {
        repeated & (1 &<< UInt64(name.rawValue & 63)) != 0
    }

    /// Index of the first line with this name.
    func firstIndex(_ name: HeaderName) -> Int? {
        contains(name) ? Int(first[Int(name.rawValue & 63)]) : nil
    }

    /// Index of the next line with this name after `index`.
    func nextIndex(_ name: HeaderName, after index: Int) -> Int? {
        guard isRepeated(name) else { return nil }
        var index = index &+ 1
        while index < count {
            if ids[index] == name.rawValue { return index }
            index &+= 1
        }
        return nil
    }

    /// One without name and value where there is none: a mistake of ours must not end the server.
    subscript(_ index: Int) -> HeaderEntry {
        guard index >= 0, index < count else {
            return HeaderEntry(nameOffset: 0, nameLength: 0, valueOffset: 0, valueLength: 0)
        }
        // SAFETY: 0 ≤ index < count ≤ capacity.
        return entries[index]
    }

    private mutating func grow() {
        let larger = capacity * 2
        let moreEntries = UnsafeMutablePointer<HeaderEntry>.allocate(capacity: larger)
        let moreIDs = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        moreEntries.update(from: entries, count: count)
        moreIDs.update(from: ids, count: count)
        entries.deallocate()
        ids.deallocate()
        entries = moreEntries
        ids = moreIDs
        capacity = larger
    }
}

// SPDX-License-Identifier: MIT

internal import NIOCore

/// Files that were sent lately, with their answers made up: a small one costs no system call, a large one no look
/// for compressed neighbours. Confined to its worker.
///
/// An entry is trusted for `interval`, then compared with the disk. A file written to within the last two seconds
/// is never kept: a second write may leave the same time stamp.
final class FileCache {
    /// One form of a file, ready to be sent.
    struct Form {
        let found: StaticLookup.Form
        /// The header lines of a plain 200.
        let header: ByteBuffer
        /// Nil for a large file, which is opened again each time.
        let body: ByteBuffer?
    }

    final class Entry {
        /// The path of the request, as sent.
        let path: [UInt8]
        /// The file itself first.
        let forms: [Form]
        fileprivate(set) var checkedAt: UInt64
        fileprivate var wasUsed = false
        fileprivate var place = 0

        init(path: [UInt8], forms: [Form], now: UInt64) {
            self.path = path
            self.forms = forms
            checkedAt = now
        }

        var cost: Int { forms.reduce(512) { $0 &+ 512 &+ ($1.body?.readableBytes ?? 0) } }
    }

    /// Files up to this are kept whole.
    static let largestFile: Int64 = 32 << 10
    /// Of time stamps, in seconds: ext4 counts ticks of 4 ms, FAT of 2 s.
    static let racyAge: Int64 = 2

    private let interval: UInt64
    private let mostBytes: Int
    private var entries: [Int: Entry] = [:]
    /// The same entries in a ring, for the clock hand that evicts.
    private var ring: [Entry] = []
    private var hand = 0
    private(set) var bytes = 0

    /// - Parameter interval: milliseconds for which an entry is taken for true. 0: it is always compared.
    init(interval: UInt64, mostBytes: Int = 16 << 20) {
        self.interval = interval
        self.mostBytes = mostBytes
    }

    /// The entry for a path as it was sent, checked or not.
    func entry(for path: UnsafeRawBufferPointer) -> Entry? {
        guard let entry = entries[Self.key(path)], path.elementsEqual(entry.path) else { return nil }
        entry.wasUsed = true
        return entry
    }

    /// No need to look at the disk.
    func isFresh(_ entry: Entry, now: UInt64) -> Bool { now &- entry.checkedAt < interval }

    /// The disk was looked at, and nothing has changed.
    func confirm(_ entry: Entry, now: UInt64) { entry.checkedAt = now }

    func insert(_ entry: Entry) {
        let cost = entry.cost
        guard cost <= mostBytes / 4 else { return }
        let key = entry.path.withUnsafeBytes(Self.key)
        if let old = entries[key] { remove(old) }
        while bytes + cost > mostBytes, !ring.isEmpty { evictOne() }
        entry.place = ring.count
        ring.append(entry)
        entries[key] = entry
        bytes += cost
    }

    func remove(_ entry: Entry) {
        let key = entry.path.withUnsafeBytes(Self.key)
        guard entries[key] === entry, let last = ring.last else { return }
        entries[key] = nil
        bytes -= entry.cost
        ring[entry.place] = last
        last.place = entry.place
        ring.removeLast()
    }

    var count: Int { ring.count }

    /// Second chance: what was used since the hand came by last stays.
    private func evictOne() {
        while true {
            if hand >= ring.count { hand = 0 }
            let entry = ring[hand]
            guard entry.wasUsed else { return remove(entry) }
            entry.wasUsed = false
            hand += 1
        }
    }

    /// Seeded for each process, so that nobody can choose paths that collide.
    private static func key(_ path: UnsafeRawBufferPointer) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: path)
        return hasher.finalize()
    }
}

@available(*, unavailable)
extension FileCache: Sendable {}

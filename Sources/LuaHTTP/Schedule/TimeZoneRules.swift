// SPDX-License-Identifier: MIT

/// How far the clocks of a zone are from UTC, and when that changes: the content of a zoneinfo file (RFC 9636).
/// Knows nothing of files.
struct TimeZoneRules: Equatable, Sendable {
    /// From each time on, in order.
    private var changes: [(at: Int, offset: Int)] = []
    /// Before the first change.
    private var firstOffset = 0
    /// After the last change.
    private var footer: PosixZone?

    static let utc = TimeZoneRules()

    static func == (a: Self, b: Self) -> Bool {
        a.firstOffset == b.firstOffset && a.footer == b.footer
            && a.changes.elementsEqual(b.changes) { $0.at == $1.at && $0.offset == $1.offset }
    }

    private init() {}

    /// A rule as POSIX writes it in TZ: "CET-1CEST,M3.5.0,M10.5.0/3".
    init?(posix: String) {
        guard let rule = PosixZone(posix) else { return nil }
        footer = rule
    }

    /// Reads a zoneinfo file; nil when it is none.
    init?(file: [UInt8]) {
        var reader = ZoneReader(bytes: file)
        guard let version = reader.beginBlock() else { return nil }
        if version > 0 {
            // The first block has times of 32 bits for old readers.
            guard reader.skipBlock(timeSize: 4), reader.beginBlock() != nil else { return nil }
        }
        guard let block = reader.readBlock(timeSize: version > 0 ? 8 : 4) else { return nil }
        changes = block.changes
        firstOffset = block.firstOffset
        if version > 0 { footer = reader.footer().flatMap(PosixZone.init) }
    }

    /// Seconds to add to UTC at a time in seconds since 1970.
    func offset(at time: Int) -> Int {
        guard let last = changes.last else { return footer?.offset(at: time) ?? firstOffset }
        if time >= last.at { return footer?.offset(at: time) ?? last.offset }
        // The last change that is not after `time`.
        var (low, high) = (0, changes.count)
        while low < high {
            let middle = (low + high) / 2
            if changes[middle].at <= time { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? firstOffset : changes[low - 1].offset
    }

    /// The first time after `start` with another offset; `end` has one.
    func change(after start: Int, by end: Int) -> Int {
        let before = offset(at: start)
        var (low, high) = (start, end)
        // Two changes within one step that undo each other are not seen; steps are a month at most.
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if offset(at: middle) == before { low = middle } else { high = middle }
        }
        return high
    }

    /// When the clocks show `local`: the first time, if they do so twice; when they change, if they never do.
    func instant(ofLocal local: Int) -> Int {
        let day = CivilTime.secondsPerDay
        let (early, late) = (offset(at: local - day), offset(at: local + day))
        for offset in [early, late].sorted(by: >) where self.offset(at: local - offset) == offset {
            return local - offset
        }
        guard early != late else { return local - early }
        return change(after: local - day, by: local + day)
    }
}

/// Reads the parts of a zoneinfo file, never beyond its end.
private struct ZoneReader {
    let bytes: [UInt8]
    private var position = 0
    private var counts = (isUTC: 0, isStandard: 0, leaps: 0, times: 0, types: 0, characters: 0)

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// Version of the file (0 for the first), or nil when there is no header here.
    mutating func beginBlock() -> Int? {
        guard position + 44 <= bytes.count, bytes[position..<position + 4].elementsEqual("TZif".utf8) else {
            return nil
        }
        let version = bytes[position + 4]
        var numbers: [Int] = []
        for index in 0..<6 {
            guard let number = integer(at: position + 20 + 4 * index, size: 4), number >= 0 else {
                return nil
            }
            numbers.append(number)
        }
        counts = (numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5])
        position += 44
        return version == 0 ? 0 : Int(version) - 0x30
    }

    private func blockSize(_ timeSize: Int) -> Int {
        counts.times * (timeSize + 1) + counts.types * 6 + counts.characters + counts.leaps * (timeSize + 4)
            + counts.isStandard + counts.isUTC
    }

    mutating func skipBlock(timeSize: Int) -> Bool {
        position += blockSize(timeSize)
        return position <= bytes.count
    }

    mutating func readBlock(timeSize: Int) -> (changes: [(at: Int, offset: Int)], firstOffset: Int)? {
        guard position + blockSize(timeSize) <= bytes.count, counts.types > 0 else { return nil }
        let types = position + counts.times * (timeSize + 1)
        var offsets: [Int] = []
        for type in 0..<counts.types {
            guard let offset = integer(at: types + 6 * type, size: 4) else { return nil }
            offsets.append(offset)
        }
        var changes: [(at: Int, offset: Int)] = []
        for index in 0..<counts.times {
            let type = Int(bytes[position + counts.times * timeSize + index])
            guard type < offsets.count, let time = integer(at: position + timeSize * index, size: timeSize)
            else {
                return nil
            }
            changes.append((time, offsets[type]))
        }
        position += blockSize(timeSize)
        return (changes, offsets[0])
    }

    /// The text between two line feeds at the end.
    func footer() -> String? {
        guard position < bytes.count, bytes[position] == 0x0A,
            let end = bytes[(position + 1)...].firstIndex(of: 0x0A)
        else { return nil }
        return String(decoding: bytes[position + 1..<end], as: UTF8.self)
    }

    /// A signed big-endian number.
    private func integer(at start: Int, size: Int) -> Int? {
        guard start >= 0, start + size <= bytes.count else { return nil }
        var value = bytes[start] & 0x80 != 0 ? -1 : 0
        for byte in bytes[start..<start + size] { value = value << 8 | Int(byte) }
        // Times long before anything that matters are written as the least number.
        return max(value, -(1 << 60))
    }
}

// SPDX-License-Identifier: MIT

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The key of a value in a table.
enum JSONKey {
    case position(Int64)
    /// Bytes of a string that the table holds: valid while it is not changed, and no Lua code runs
    /// while JSON is written.
    case name(UnsafeRawBufferPointer)
}

/// A member of an object on its way into order: integers first, then names by their bytes.
struct JSONMember {
    let key: JSONKey
    /// Of its value on the Lua stack; 0 if it was not kept there.
    let slot: Int32
    /// The first eight bytes of a name as a number, which decides most comparisons.
    private let prefix: UInt64

    init(_ key: JSONKey, slot: Int32) {
        self.key = key
        self.slot = slot
        var prefix: UInt64 = 0
        if case .name(let name) = key {
            if name.count >= 8 {
                prefix = UInt64(bigEndian: name.loadUnaligned(as: UInt64.self))
            } else {
                for byte in name { prefix = prefix << 8 | UInt64(byte) }
                prefix <<= UInt64(8 - name.count) * 8 & 63
            }
        }
        self.prefix = prefix
    }

    func precedes(_ other: JSONMember) -> Bool {
        switch (key, other.key) {
        case (.name(let name), .name(let otherName)):
            if prefix != other.prefix { return prefix < other.prefix }
            let count = min(name.count, otherName.count)
            if count > 8, let start = name.baseAddress, let otherStart = otherName.baseAddress {
                // SAFETY: both names have `count` bytes.
                let order = memcmp(start, otherStart, count)
                if order != 0 { return order < 0 }
            }
            return name.count < otherName.count
        case (.position(let position), .position(let otherPosition)): return position < otherPosition
        case (.position, .name): return true
        case (.name, .position): return false
        }
    }

    /// Sorts what comes from `first` on. Most objects have few members: those are inserted one by one.
    static func sort(_ members: inout [JSONMember], from first: Int) {
        guard members.count - first <= 16 else {
            return members[first...].sort { $0.precedes($1) }
        }
        var index = first + 1
        while index < members.count {
            let member = members[index]
            var place = index
            while place > first, member.precedes(members[place - 1]) {
                members[place] = members[place - 1]
                place -= 1
            }
            members[place] = member
            index += 1
        }
    }
}

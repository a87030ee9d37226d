// SPDX-License-Identifier: MIT

/// Growable raw bytes that pages and JSON are written into. Unlike a ByteBuffer it is one pointer without a reference
/// count, so that appending a byte is a comparison and a store.
struct ByteStorage: ~Copyable {
    private(set) var base: UnsafeMutablePointer<UInt8>
    private(set) var capacity: Int
    var count = 0

    init(capacity: Int) {
        base = .allocate(capacity: capacity)
        self.capacity = capacity
    }

    deinit { base.deallocate() }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    @inline(__always)
    mutating func reserve(_ additional: Int) {
        if capacity &- count < additional { grow(additional) }
    }

    @inline(never)
    private mutating func grow(_ additional: Int) {
        let wanted = max(capacity * 2, count + additional)
        let fresh = UnsafeMutablePointer<UInt8>.allocate(capacity: wanted)
        // SAFETY: count ≤ capacity < wanted.
        fresh.update(from: base, count: count)
        base.deallocate()
        base = fresh
        capacity = wanted
    }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        reserve(1)
        // SAFETY: just reserved.
        base[count] = byte
        count &+= 1
    }

    @inline(__always)
    mutating func append(_ source: UnsafePointer<UInt8>, _ length: Int) {
        reserve(length)
        // SAFETY: just reserved; `source` is never our own memory.
        (base + count).update(from: source, count: length)
        count &+= length
    }

    mutating func append(_ source: UnsafeRawBufferPointer) {
        guard let start = source.baseAddress else { return }
        append(start.assumingMemoryBound(to: UInt8.self), source.count)
    }

    mutating func append(_ text: StaticString) { append(text.utf8Start, text.utf8CodeUnitCount) }

    mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    mutating func append(repeating byte: UInt8, count repetitions: Int) {
        guard repetitions > 0 else { return }
        reserve(repetitions)
        // SAFETY: just reserved.
        (base + count).update(repeating: byte, count: repetitions)
        count &+= repetitions
    }

    /// In decimal.
    mutating func append(integer value: Int64) {
        reserve(20)
        var magnitude = value.magnitude
        if value < 0 {
            base[count] = 0x2D
            count &+= 1
        }
        if magnitude < 10 {
            base[count] = UInt8(truncatingIfNeeded: magnitude) &+ 0x30
            count &+= 1
            return
        }
        var digits = 1
        var bound: UInt64 = 10
        while magnitude >= bound, digits < 19 {
            digits &+= 1
            bound &*= 10
        }
        // The loop stops at 10^18: two numbers of digits are left.
        if digits == 19, magnitude >= 10_000_000_000_000_000_000 { digits = 20 }
        var position = count &+ digits
        count = position
        // SAFETY: twenty bytes were reserved, a sign and nineteen digits at most for Int64.
        while magnitude >= 10 {
            let (quotient, remainder) = magnitude.quotientAndRemainder(dividingBy: 10)
            position &-= 1
            base[position] = UInt8(truncatingIfNeeded: remainder) &+ 0x30
            magnitude = quotient
        }
        base[position &- 1] = UInt8(truncatingIfNeeded: magnitude) &+ 0x30
    }
}

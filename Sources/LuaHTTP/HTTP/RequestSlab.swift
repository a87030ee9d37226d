// SPDX-License-Identifier: MIT

/// Memory one request's head lives in: contiguous, and at the same address from the end of the head to the
/// end of the request, so that C may hold pointers into it. Reused from request to request on a connection.
struct RequestSlab: ~Copyable {
    /// What a connection keeps between requests; a larger block is given back.
    private static let kept = 2048
    /// Enough for most programs; a browser's head makes it grow once. Idle connections hold as little as they need.
    private static let initial = 256

    private(set) var base: UnsafeMutablePointer<UInt8>
    private(set) var count = 0
    private var capacity: Int

    init() {
        capacity = RequestSlab.initial
        base = .allocate(capacity: capacity)
    }

    deinit { base.deallocate() }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// May move the memory: only while a head is being collected.
    mutating func append(_ source: UnsafeRawBufferPointer) {
        guard let start = source.baseAddress, !source.isEmpty else { return }
        let needed = count &+ source.count
        if needed > capacity { grow(to: needed) }
        // SAFETY: capacity ≥ count + source.count, and the source is not our own memory.
        UnsafeMutableRawPointer(base + count).copyMemory(from: start, byteCount: source.count)
        count = needed
    }

    mutating func truncate(to length: Int) { count = min(count, max(length, 0)) }

    mutating func reset() {
        count = 0
        if capacity > RequestSlab.kept {
            base.deallocate()
            capacity = RequestSlab.initial
            base = .allocate(capacity: capacity)
        }
    }

    private mutating func grow(to needed: Int) {
        let larger = max(needed, capacity &* 2)
        let fresh = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        fresh.update(from: base, count: count)
        base.deallocate()
        base = fresh
        capacity = larger
    }
}

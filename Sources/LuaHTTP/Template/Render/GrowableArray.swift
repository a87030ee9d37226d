// SPDX-License-Identifier: MIT

/// A stack of plain values with stable unchecked access for the renderer's loop. Elements need no
/// destruction.
struct GrowableArray<Element: BitwiseCopyable>: ~Copyable {
    private(set) var base: UnsafeMutablePointer<Element>
    private(set) var capacity: Int
    var count = 0

    init(capacity: Int) {
        base = .allocate(capacity: capacity)
        self.capacity = capacity
    }

    deinit { base.deallocate() }

    mutating func reserve(_ total: Int) {
        guard total > capacity else { return }
        let wanted = max(total, capacity * 2)
        let fresh = UnsafeMutablePointer<Element>.allocate(capacity: wanted)
        // SAFETY: everything up to `capacity` may be in use, and fits.
        fresh.update(from: base, count: capacity)
        base.deallocate()
        base = fresh
        capacity = wanted
    }

    mutating func append(_ element: Element) {
        reserve(count + 1)
        base[count] = element
        count += 1
    }

    mutating func removeLast() { count -= 1 }

    // SAFETY: callers index below `count`, which only they change.
    @inline(__always)
    subscript(index: Int) -> Element {
        get { base[index] }
        nonmutating _modify { yield &base[index] }
    }

    @inline(__always)
    var last: Element {
        get { base[count &- 1] }
        nonmutating _modify { yield &base[count &- 1] }
    }
}

// SPDX-License-Identifier: MIT

import CMalloc

/// What the allocator keeps of memory that was given back.
enum HeapRetention {
    /// Longer blocks have pages of their own, which go when they are freed, and so much may stay free at the
    /// end of the heap. In bytes.
    private static let most: CInt = 1 << 18

    /// glibc raises both bounds (mallopt(3)) up to 32 and 64 MiB after the first long block that is freed, and a
    /// handler that wanted all memory would leave as much behind. Once set, they stay.
    static func bound() {
        #if canImport(Glibc)
        _ = mallopt(M_MMAP_THRESHOLD, most)
        _ = mallopt(M_TRIM_THRESHOLD, most)
        #endif
    }
}

// SPDX-License-Identifier: MIT

import NIOCore
import Testing

@testable import LuaHTTP

struct FileCacheTests {
    private func entry(_ path: String, bytes: Int = 0, now: UInt64 = 0) -> FileCache.Entry {
        let form = StaticLookup.Form(
            coding: .identity, path: [0], status: FileStatus(size: 0, modified: 0, nanoseconds: 0, inode: 0))
        let body = ByteBuffer(repeating: 0, count: bytes)
        return FileCache.Entry(
            path: Array(path.utf8), forms: [FileCache.Form(found: form, header: ByteBuffer(), body: body)],
            now: now)
    }

    private func find(_ cache: FileCache, _ path: String) -> FileCache.Entry? {
        Array(path.utf8).withUnsafeBytes { cache.entry(for: $0) }
    }

    @Test func entriesAreFoundByTheirPath() {
        let cache = FileCache(interval: 1000)
        let first = entry("/a")
        cache.insert(first)
        cache.insert(entry("/b"))
        #expect(find(cache, "/a") === first && find(cache, "/c") == nil && find(cache, "") == nil)
        let second = entry("/a")
        cache.insert(second)
        #expect(find(cache, "/a") === second && cache.count == 2)
        cache.remove(first)  // is not there any more
        #expect(find(cache, "/a") === second)
        cache.remove(second)
        #expect(find(cache, "/a") == nil && cache.count == 1)
    }

    @Test func anEntryIsTrustedForTheIntervalAndNotALook() {
        let cache = FileCache(interval: 1000)
        let entry = entry("/a", now: 5000)
        #expect(cache.isFresh(entry, now: 5999) && !cache.isFresh(entry, now: 6000))
        cache.confirm(entry, now: 6000)
        #expect(cache.isFresh(entry, now: 6999))
        #expect(!FileCache(interval: 0).isFresh(entry, now: 6000))
    }

    @Test func itStaysWithinItsBytesAndKeepsWhatIsUsed() {
        let cache = FileCache(interval: 1000, mostBytes: 100_000)
        cache.insert(entry("/used", bytes: 4000))
        for number in 0..<1000 {
            #expect(find(cache, "/used") != nil)
            cache.insert(entry("/\(number)", bytes: 4000))
            #expect(cache.bytes <= 100_000 && cache.count <= 20)
        }
        cache.insert(entry("/huge", bytes: 50_000))
        #expect(find(cache, "/huge") == nil)
    }
}

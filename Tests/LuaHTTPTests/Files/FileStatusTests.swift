// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct FileStatusTests {
    private let file = FileStatus(size: 255, modified: 16, nanoseconds: 10, inode: 171)

    @Test func tagChangesWithSizeTimeAndInode() {
        #expect(file.entityTag == Array("\"ff-10-a-ab\"".utf8))
        let others = [
            FileStatus(size: 256, modified: 16, nanoseconds: 10, inode: 171),
            FileStatus(size: 255, modified: 17, nanoseconds: 10, inode: 171),
            FileStatus(size: 255, modified: 16, nanoseconds: 11, inode: 171),
            FileStatus(size: 255, modified: 16, nanoseconds: 10, inode: 172),
            FileStatus(size: -1, modified: -1, nanoseconds: 0, inode: .max),
        ]
        #expect(Set(([file] + others).map(\.entityTag)).count == 6)
    }

    @Test func lastModifiedIsNeitherInTheFutureNorBefore1970() {
        #expect(file.lastModified(at: 100) == 16)
        #expect(file.lastModified(at: 5) == 5)
        #expect(FileStatus(size: 0, modified: -1, nanoseconds: 0, inode: 0).lastModified(at: 100) == nil)
    }
}

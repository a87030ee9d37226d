// SPDX-License-Identifier: MIT

/// What a file system says of a file, and the validators made of it (RFC 9110 §8.8). Pure.
struct FileStatus: Equatable, Sendable {
    let size: Int64
    /// Seconds since 1970, and the nanoseconds beyond them.
    let modified: Int64
    let nanoseconds: Int64
    let inode: UInt64
    /// When its content, name or rights were last changed, in nanoseconds: nobody can set it. Not part of the tag.
    var changed: Int64 = 0

    /// A strong tag: another inode when the file is replaced, another time when it is written to.
    var entityTag: [UInt8] {
        var tag: [UInt8] = [ASCII.quote]
        let parts = [
            UInt64(bitPattern: size), UInt64(bitPattern: modified), UInt64(bitPattern: nanoseconds), inode,
        ]
        for (index, part) in parts.enumerated() {
            if index > 0 { tag.append(UInt8(ascii: "-")) }
            tag += String(part, radix: 16).utf8
        }
        tag.append(ASCII.quote)
        return tag
    }

    /// The date of Last-Modified: never later than that of the answer (RFC 9110 §8.8.2.1), and none
    /// before 1970, which HTTPDate does not write.
    func lastModified(at now: Int64) -> Int64? {
        modified < 0 ? nil : min(modified, now)
    }
}

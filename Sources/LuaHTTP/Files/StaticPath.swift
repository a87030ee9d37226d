// SPDX-License-Identifier: MIT

/// The path of a file below a root, made from the path of a request, or refused. Pure: never looks at
/// the disk. What it lets through names nothing above the root by itself; links are `FileRoot`'s.
struct StaticPath: Equatable, Sendable {
    enum Refusal: Error, Equatable {
        /// No path that an honest client sends: 400.
        case malformed
        /// Nothing that is served, whether it exists or not: 404.
        case notServed
    }

    /// Relative, without `.`, `..` or empty segments, and with a NUL at its end, for the system.
    let bytes: [UInt8]
    /// The request ended in a slash (or was empty): `bytes` names the index file of that directory.
    let isIndex: Bool

    static let index: StaticString = "index.html"

    /// PATH_MAX of Linux, its NUL included, and NAME_MAX.
    private static let maximumLength = 4096
    private static let maximumSegment = 255

    /// From the part of a request's path after the mount point, as it was sent. Decodes once.
    init(encoded: UnsafeRawBufferPointer) throws(Refusal) {
        var decoded: [UInt8] = []
        guard encoded.count <= Self.maximumLength * 3 else { throw .notServed }
        guard PercentCoding.decode(encoded, into: &decoded) else { throw .malformed }
        try self.init(decoded: decoded)
    }

    /// From bytes that were decoded already, as a route's `*rest` is. Decodes nothing: `%2e` here
    /// is a file name with a percent sign.
    init(decoded: [UInt8]) throws(Refusal) {
        guard !decoded.contains(0), !decoded.contains(ASCII.backslash) else { throw .malformed }
        isIndex = decoded.isEmpty || decoded.last == ASCII.slash
        let segments = (isIndex ? decoded.dropLast() : decoded[...])
            .split(separator: ASCII.slash, omittingEmptySubsequences: false)
        if !decoded.isEmpty {
            for (position, segment) in segments.enumerated() {
                try Self.check(segment, isFirst: position == 0, isLast: position == segments.count - 1)
            }
        }
        var bytes = decoded
        if isIndex {
            bytes += UnsafeBufferPointer(start: Self.index.utf8Start, count: Self.index.utf8CodeUnitCount)
        }
        bytes.append(0)
        guard bytes.count <= Self.maximumLength else { throw .notServed }
        self.bytes = bytes
    }

    private static func check(_ segment: ArraySlice<UInt8>, isFirst: Bool, isLast: Bool) throws(Refusal) {
        if segment.elementsEqual(".".utf8) || segment.elementsEqual("..".utf8) { throw .malformed }
        guard segment.count <= maximumSegment, isServed(segment, isFirst: isFirst, isLast: isLast) else {
            throw .notServed
        }
    }

    /// Whether a name may be part of a path: as one of its segments, the first or last of them.
    static func isServed<Name: BidirectionalCollection<UInt8>>(
        _ name: Name, isFirst: Bool, isLast: Bool = true
    ) -> Bool {
        guard !name.isEmpty, !name.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == ASCII.backslash })
        else {
            return false
        }
        // Hidden files hold secrets (.env, .git, .htpasswd); RFC 8615 §3 means "/.well-known/" to be seen.
        if name.first == UInt8(ascii: "."), !(isFirst && name.elementsEqual(".well-known".utf8)) {
            return false
        }
        // What editors leave behind is source code under a type that is sent as plain bytes.
        return !isLast || name.last != UInt8(ascii: "~") && !name.suffix(4).elementsEqual(".bak".utf8)
    }

    /// Of an index path: the directory it is in, with a slash at its end; empty for the root.
    var directory: [UInt8] { isIndex ? Array(bytes.dropLast(1 + fileName.count)) : [] }

    /// The same directory with another index file.
    func withIndex(_ name: [UInt8]) -> StaticPath {
        isIndex ? StaticPath(bytes: directory + name + [0], isIndex: true) : self
    }

    private init(bytes: [UInt8], isIndex: Bool) {
        self.bytes = bytes
        self.isIndex = isIndex
    }

    /// The name of the file without its directories.
    var fileName: ArraySlice<UInt8> {
        let path = bytes.dropLast()
        return path.lastIndex(of: ASCII.slash).map { path[($0 + 1)...] } ?? path
    }
}

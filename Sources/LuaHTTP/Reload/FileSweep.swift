// SPDX-License-Identifier: MIT

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Looks at the files of a dependency set: a stat of each, and the content of those whose stat differs from what is
/// known. Makes snapshots and decides nothing.
struct FileSweep {
    /// Larger files count as changed when their signature changes; so do static files that are no text, of which
    /// there may be gigabytes.
    private static let largestRead: Int64 = 16 << 20
    private static let largestAsset: Int64 = 512 << 10
    /// Clocks of file systems tick at 4 ms or so; some network file systems at a second, and have no events.
    private static let raciness: Int64 = 50_000_000
    private static let deepest = 20
    /// A directory of static files may hold anything.
    private static let most = 50_000

    private let known: FileSnapshot
    private var found = FileSnapshot()
    private let now = FileSweep.wallClock()

    /// - Parameter known: a snapshot of before, whose hashes are used for files that were not written to since.
    static func take(_ set: DependencySet, knowing known: FileSnapshot) -> FileSnapshot {
        var sweep = FileSweep(known: known)
        // What asks for more comes last and wins, where a file is of two kinds.
        for tree in set.trees.sorted(by: { $0.kind.weight < $1.kind.weight }) {
            sweep.visit(tree, tree.path, depth: 0)
        }
        for file in set.files { sweep.add(file, .script) }
        return sweep.found
    }

    /// One file as it is now; nil when it is not there.
    static func entry(_ path: String) -> FileSnapshot.Entry? {
        var sweep = FileSweep(known: FileSnapshot())
        sweep.add(path, .script)
        return sweep.found.entries[path]
    }

    private init(known: FileSnapshot) { self.known = known }

    private mutating func add(_ path: String, _ role: DependencySet.Role) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            found.entries[path] = nil
            return
        }
        add(path, FileSnapshot.Signature(status), role)
    }

    private mutating func add(_ path: String, _ signature: FileSnapshot.Signature, _ role: DependencySet.Role)
    {
        if let old = known.entries[path], old.signature == signature, !old.isRacy {
            found.entries[path] = FileSnapshot.Entry(
                signature: signature, hash: old.hash, role: role, isRacy: false)
            return
        }
        let written = max(signature.modified, signature.changed)
        found.entries[path] = FileSnapshot.Entry(
            signature: signature, hash: Self.hash(path, signature.size, role), role: role,
            isRacy: now &- written < Self.raciness)
    }

    /// Nil for what cannot be read: it is told by its signature then.
    private static func hash(_ path: String, _ size: Int64, _ role: DependencySet.Role) -> Int? {
        var limit = largestRead
        if case .asset(let url) = role { limit = isText(url) ? largestAsset : 0 }
        guard size <= limit, let bytes = SourceFile.read(path, limit: Int(limit)) else { return nil }
        var hasher = Hasher()
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
        return hasher.finalize()
    }

    private static func isText(_ url: String) -> Bool {
        [".css", ".js", ".mjs", ".html", ".htm", ".svg", ".json", ".txt", ".xml"].contains {
            url.lowercased().hasSuffix($0)
        }
    }

    private mutating func visit(_ tree: DependencySet.Tree, _ directory: String, depth: Int) {
        var status = stat()
        guard depth <= Self.deepest, found.entries.count < Self.most, stat(directory, &status) == 0,
            status.st_mode & S_IFMT == S_IFDIR
        else { return }
        found.directories[directory] = FileSnapshot.Directory(
            signature: FileSnapshot.Signature(status), isOfAssets: tree.kind.weight == 0)
        for name in Self.names(in: directory) {
            let path = directory + "/" + name
            guard stat(path, &status) == 0 else { continue }
            switch status.st_mode & S_IFMT {
            case S_IFDIR: visit(tree, path, depth: depth + 1)
            case S_IFREG:
                add(path, FileSnapshot.Signature(status), DependencySet.role(of: path, in: tree))
            default: break
            }
        }
    }

    /// What is in a directory, without what editors leave there.
    private static func names(in directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) {
                    String(validatingCString: $0)
                }
            }
            if let name, !LeftoverName.matches(name) { names.append(name) }
        }
        return names
    }

    /// Nanoseconds since 1970, by the clock that file systems use.
    private static func wallClock() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return FileSnapshot.Signature.nanoseconds(time)
    }
}

extension FileSnapshot.Signature {
    /// Nil when nothing is there.
    init?(of path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    fileprivate init(_ status: stat) {
        #if canImport(Darwin)
        let (modified, changed) = (status.st_mtimespec, status.st_ctimespec)
        #else
        let (modified, changed) = (status.st_mtim, status.st_ctim)
        #endif
        self.init(
            inode: UInt64(status.st_ino), size: Int64(status.st_size), modified: Self.nanoseconds(modified),
            changed: Self.nanoseconds(changed))
    }

    fileprivate static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}

extension DependencySet.Tree.Kind {
    fileprivate var weight: Int {
        switch self {
        case .assets: 0
        case .templates: 1
        case .data: 2
        }
    }
}

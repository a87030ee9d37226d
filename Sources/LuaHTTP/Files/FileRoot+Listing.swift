// SPDX-License-Identifier: MIT

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Reading directories below a root: what a listing may show is what a request would get.
extension FileRoot {
    enum Contents {
        case entries([DirectoryEntry], isCut: Bool)
        case outcome(Refused)
    }

    enum Refused { case notFound, forbidden }

    /// The entries of a directory, in the order of the disk.
    ///
    /// - Parameter path: with a slash at its end, or empty for the root itself.
    func contents(of path: [UInt8], most: Int) -> Contents {
        let name = path.isEmpty ? [0x2E, 0] : Array(path.dropLast()) + [0]
        let descriptor: Int32
        switch openBeneath(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) {
        case .success(let opened): descriptor = opened
        case .failure(let error):
            return .outcome(error.code == EACCES || error.code == EPERM ? .forbidden : .notFound)
        }
        guard let stream = fdopendir(descriptor) else {
            close(descriptor)
            return .outcome(.notFound)
        }
        defer { closedir(stream) }  // closes the descriptor too
        var entries: [DirectoryEntry] = []
        while let entry = readdir(stream) {
            guard entries.count < most else { return .entries(entries, isCut: true) }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            guard StaticPath.isServed(name, isFirst: path.isEmpty) else { continue }
            if let found = self.entry(name, in: path, descriptor) { entries.append(found) }
        }
        return .entries(entries, isCut: false)
    }

    private func entry(_ name: [UInt8], in path: [UInt8], _ directory: Int32) -> DirectoryEntry? {
        var info = stat()
        let text = name.map { CChar(bitPattern: $0) } + [0]
        guard fstatat(directory, text, &info, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        if info.st_mode & S_IFMT == S_IFLNK {
            // Where a link leads is found out as for a request: nothing outside of the root is shown.
            guard
                case .success(let target) = openBeneath(path + name + [0], O_RDONLY | O_CLOEXEC | O_NONBLOCK)
            else { return nil }
            defer { close(target) }
            guard fstat(target, &info) == 0 else { return nil }
        }
        let kind = info.st_mode & S_IFMT
        guard kind == S_IFREG || kind == S_IFDIR else { return nil }
        #if canImport(Darwin)
        let modified = info.st_mtimespec
        #else
        let modified = info.st_mtim
        #endif
        return DirectoryEntry(
            name: name, isDirectory: kind == S_IFDIR, size: Int64(info.st_size),
            modified: Int64(modified.tv_sec))
    }
}

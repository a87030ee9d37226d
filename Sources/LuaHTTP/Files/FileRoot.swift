// SPDX-License-Identifier: MIT

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A directory whose files are served, held open: nothing outside of it can be reached through it,
/// whatever links it holds and however they change meanwhile. Knows paths, not requests.
final class FileRoot: Sendable {
    enum Outcome: ~Copyable {
        case file(OpenFile)
        /// A directory was named without the slash at its end: send the client there.
        case directory
        case notFound
        /// Exists, but this process may not read it.
        case forbidden
        /// Out of descriptors or memory, or the disk failed: errno.
        case failed(Int32)
    }

    #if os(Linux)
    /// A directory to look up names in: O_PATH of <fcntl.h>, which wants the permission to search, not
    /// that to list. Swift does not import it.
    private static let walk = 0o10000000 | O_DIRECTORY | O_CLOEXEC
    #else
    private static let walk = O_RDONLY | O_DIRECTORY | O_CLOEXEC
    #endif

    private let descriptor: Int32
    private let resolvesBeneath: Bool

    /// Opens the directory; throws errno. It stays the same directory if its name is given to another.
    /// `resolvesBeneath: false` is for tests of the way without openat2.
    init(path: String, resolvesBeneath: Bool = true) throws(SystemError) {
        descriptor = systemOpen(path, Self.walk)
        guard descriptor >= 0 else { throw SystemError(code: errno) }
        self.resolvesBeneath = resolvesBeneath && OpenBeneath.works(in: descriptor)
    }

    deinit { close(descriptor) }

    /// Opens a regular file below the root. Never waits: a FIFO is refused, not read.
    func open(_ path: StaticPath) -> Outcome {
        let flags = Self.reading
        switch openBeneath(path.bytes, flags) {
        case .success(let descriptor):
            guard let file = OpenFile(owning: descriptor) else { return .failed(errno) }
            if file.kind == S_IFREG { return .file(file) }
            // The index of a directory is a file or nothing: no second redirect.
            return file.kind == S_IFDIR && !path.isIndex ? .directory : .notFound
        case .failure(let error):
            return Self.outcome(of: error.code)
        }
    }

    /// A regular file by its path with a NUL at its end, or nil.
    func openFile(_ path: [UInt8]) -> OpenFile? {
        guard case .success(let descriptor) = openBeneath(path, Self.reading),
            let file = OpenFile(owning: descriptor), file.kind == S_IFREG
        else { return nil }
        return file
    }

    /// What is known of a regular file that can be read.
    func status(of path: [UInt8]) -> FileStatus? { openFile(path)?.status }

    /// O_NONBLOCK: opening a FIFO must not wait for its writer. It means nothing to a regular file.
    private static let reading = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY

    /// Opens what `path`, with a NUL at its end, names below the root.
    func openBeneath(_ path: [UInt8], _ flags: Int32) -> Result<Int32, SystemError> {
        resolvesBeneath
            ? OpenBeneath.open(path, in: descriptor, flags) : openByComponents(path, flags)
    }

    private static func outcome(of code: Int32) -> Outcome {
        switch code {
        // EXDEV, ELOOP: a link out of the root, or one that is not followed. ENXIO: a socket.
        case ENOENT, ENOTDIR, EXDEV, ELOOP, ENAMETOOLONG, ENXIO, ENODEV, EINVAL: .notFound
        case EACCES, EPERM: .forbidden
        default: .failed(code)
        }
    }

    /// Without openat2 (Linux before 5.6, other systems): from directory to directory, no link followed,
    /// not even one that stays inside.
    private func openByComponents(_ path: [UInt8], _ flags: Int32) -> Result<Int32, SystemError> {
        let components = path.dropLast().split(separator: ASCII.slash)
        var current = descriptor
        defer { if current != descriptor { close(current) } }
        for (index, component) in components.enumerated() {
            let isLast = index == components.count - 1
            let name = component.map { CChar(bitPattern: $0) } + [0]
            let next = openat(current, name, (isLast ? flags : Self.walk) | O_NOFOLLOW)
            guard next >= 0 else { return .failure(SystemError(code: errno)) }
            if isLast { return .success(next) }
            if current != descriptor { close(current) }
            current = next
        }
        return .failure(SystemError(code: ENOENT))
    }
}

/// `open` where a method of that name hides it.
private func systemOpen(_ path: String, _ flags: Int32) -> Int32 { open(path, flags) }

/// An errno.
struct SystemError: Error, Equatable, CustomStringConvertible {
    let code: Int32

    var description: String { String(cString: strerror(code)) }
}

/// An open file and what was true of it when it was opened. Closes its descriptor.
struct OpenFile: ~Copyable {
    let descriptor: Int32
    let status: FileStatus
    fileprivate let kind: mode_t

    fileprivate init?(owning descriptor: Int32) {
        var info = stat()
        guard fstat(descriptor, &info) == 0 else {
            let code = errno
            close(descriptor)
            errno = code
            return nil
        }
        #if canImport(Darwin)
        let (modified, changed) = (info.st_mtimespec, info.st_ctimespec)
        #else
        let (modified, changed) = (info.st_mtim, info.st_ctim)
        #endif
        self.descriptor = descriptor
        kind = info.st_mode & S_IFMT
        status = FileStatus(
            size: Int64(info.st_size), modified: Int64(modified.tv_sec),
            nanoseconds: Int64(modified.tv_nsec), inode: UInt64(info.st_ino),
            changed: Int64(changed.tv_sec) &* 1_000_000_000 &+ Int64(changed.tv_nsec))
    }

    deinit { close(descriptor) }

    /// Hands the descriptor over: the caller closes it.
    consuming func takeDescriptor() -> Int32 {
        let descriptor = descriptor
        discard self
        return descriptor
    }
}

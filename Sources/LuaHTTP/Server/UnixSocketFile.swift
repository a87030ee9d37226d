// SPDX-License-Identifier: MIT

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// The file of a Unix-domain socket: a stale one is replaced, a live one and anything else is left alone, our own is
/// removed at the end, unless a successor has put its own in its place.
struct UnixSocketFile: Sendable {
    enum Obstacle: Error {
        /// Somebody answers there.
        case inUse
        /// There is a file that is no socket.
        case notASocket
        case system(Int32)
    }

    let path: String

    /// Makes way for binding: removes what a server that is gone has left behind.
    func clear() throws(Obstacle) {
        guard let status = status() else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket }
        guard !isAnswering() else { throw .inUse }
        guard unlink(path) == 0 || errno == ENOENT else { throw .system(errno) }
    }

    /// Sets who may connect. Returns what identifies the file.
    func claim(permissions: mode_t) throws(Obstacle) -> Identity {
        guard chmod(path, permissions) == 0, let status = status() else { throw .system(errno) }
        return Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }

    struct Identity: Sendable, Equatable {
        let device: UInt64
        let inode: UInt64
    }

    func remove(_ identity: Identity) {
        guard let status = status(), UInt64(status.st_dev) == identity.device,
            UInt64(status.st_ino) == identity.inode
        else { return }
        unlink(path)
    }

    private func status() -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }

    private func isAnswering() -> Bool {
        #if canImport(Glibc)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #else
        let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes.prefix($0.count - 1)) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }
}

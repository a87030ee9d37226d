// SPDX-License-Identifier: MIT

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A temporary file of its own for what a client sends. Gone with its last reference; where the system knows
/// files without a name (Linux) also after a crash. Blocks like the disk; knows nothing of requests.
final class UploadFile: Sendable {
    let descriptor: Int32
    /// Nil for a file without a name.
    private let name: [CChar]?

    #if os(Linux)
    /// __O_TMPFILE of <fcntl.h>, which Swift does not import, is this on every architecture but three old
    /// ones.
    private static let unnamed = 0o20000000 | O_DIRECTORY
    #endif

    /// Begins of the names of files that need one.
    static let prefix = ".luahttpd-upload-"

    /// - Parameters:
    ///   - directory: where it is made; a name for it elsewhere needs the same file system.
    ///   - mode: for a name it may get; nobody else reaches it without one.
    ///   - isNamed: for tests of the way without files that have no name.
    init(in directory: [CChar], mode: mode_t = 0o600, isNamed: Bool = false) throws(SystemError) {
        #if os(Linux)
        if !isNamed {
            let opened = open(directory, Self.unnamed | O_RDWR | O_CLOEXEC, mode)
            // Without /proc it could never be given a name.
            if opened >= 0, access(Self.alias(of: opened, process: "self"), F_OK) == 0 {
                descriptor = opened
                name = nil
                return
            }
            let code = errno
            if opened >= 0 { close(opened) }
            // EOPNOTSUPP, EISDIR, EINVAL: the file system or the kernel does not know them.
            if opened < 0, code != EOPNOTSUPP, code != EISDIR, code != EINVAL {
                throw SystemError(code: code)
            }
        }
        #endif
        (descriptor, name) = try Self.openNamed(in: directory, mode)
    }

    private static func openNamed(in directory: [CChar], _ mode: mode_t) throws(SystemError) -> (
        Int32, [CChar]
    ) {
        for _ in 0..<8 {
            let suffix = String(UInt64.random(in: 0 ... .max), radix: 36)
            let name = Array(directory.dropLast() + Array("/\(prefix)\(suffix)".utf8CString))
            let opened = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
            if opened >= 0 {
                // Held as long as this process lives: see UploadDirectory.
                _ = flock(opened, LOCK_EX | LOCK_NB)
                return (opened, name)
            }
            if errno != EEXIST { break }
        }
        throw SystemError(code: errno)
    }

    deinit {
        if let name { unlink(name) }
        close(descriptor)
    }

    /// Where it can be opened while it lasts, also by other programs of the same user.
    var path: [CChar] { name ?? Self.alias(of: descriptor, process: "\(getpid())") }

    private static func alias(of descriptor: Int32, process: String) -> [CChar] {
        Array("/proc/\(process)/fd/\(descriptor)".utf8CString)
    }

    // MARK: Bytes

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset &+ Int64(done)))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw SystemError(code: count == 0 ? ENOSPC : errno) }
            done &+= count
        }
    }

    func write(_ bytes: [UInt8], at offset: Int64) throws(SystemError) {
        var failure: SystemError?
        bytes.withUnsafeBytes { bytes in
            do throws(SystemError) { try write(bytes, at: offset) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// The bytes from `offset` on, `count` at most; fewer only at the end.
    func read(at offset: Int64, count: Int) throws(SystemError) -> [UInt8] {
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, length in
            while length < count {
                let rest = UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(buffer)[length...])
                let got = pread(descriptor, rest.baseAddress, rest.count, off_t(offset &+ Int64(length)))
                if got < 0, errno == EINTR { continue }
                if got < 0 { code = errno }
                guard got > 0 else { return }
                length &+= got
            }
        }
        if code != 0 { throw SystemError(code: code) }
        return bytes
    }

    // MARK: Names

    /// Gives the file a name that must not be taken (EEXIST).
    func link(as path: [CChar]) throws(SystemError) {
        let result =
            if let name {
                linkat(AT_FDCWD, name, AT_FDCWD, path, 0)
            } else {
                linkat(
                    AT_FDCWD, Self.alias(of: descriptor, process: "self"), AT_FDCWD, path, AT_SYMLINK_FOLLOW)
            }
        guard result == 0 else { throw SystemError(code: errno) }
    }
}

extension SystemError {
    /// No room: the disk, the quota, or the size that files may have.
    var isFull: Bool { code == ENOSPC || code == EDQUOT || code == EFBIG }
    /// Something has that name.
    var isTaken: Bool { code == EEXIST }
}

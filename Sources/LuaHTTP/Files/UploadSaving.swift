// SPDX-License-Identifier: MIT

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Keeping what a client sent under a name: all of it appears at once, or nothing does. Blocks like the disk.
enum UploadSaving {
    /// Gives the file the name; without copying where both are on one file system.
    ///
    /// - Parameters:
    ///   - mayLink: false when it has a name already: two names of one file would change together.
    ///   - replaces: whether what has the name now goes away; otherwise EEXIST is thrown.
    static func save(
        _ file: UploadFile, size: Int64, as path: [CChar], replaces: Bool, mayLink: Bool
    ) throws(SystemError) {
        if mayLink {
            _ = fchmod(file.descriptor, modeOfNewFiles(in: directory(of: path)))
            do throws(SystemError) {
                return try name(file, path, replaces)
            } catch {
                // Another file system, or one that knows no links.
                guard [EXDEV, EPERM, EOPNOTSUPP, EMLINK].contains(error.code) else { throw error }
            }
        }
        let copy = try UploadFile(in: directory(of: path), mode: 0o666)
        var offset: Int64 = 0
        while offset < size {
            let bytes = try file.read(at: offset, count: 256 << 10)
            guard !bytes.isEmpty else { break }
            try copy.write(bytes, at: offset)
            offset += Int64(bytes.count)
        }
        try name(copy, path, replaces)
    }

    /// Writes bytes to a new file of that name.
    static func save(_ bytes: [UInt8], as path: [CChar], replaces: Bool) throws(SystemError) {
        let file = try UploadFile(in: directory(of: path), mode: 0o666)
        try file.write(bytes, at: 0)
        try name(file, path, replaces)
    }

    private static func name(_ file: UploadFile, _ path: [CChar], _ replaces: Bool) throws(SystemError) {
        do throws(SystemError) {
            return try file.link(as: path)
        } catch {
            guard replaces, error.code == EEXIST else { throw error }
        }
        // rename(2) replaces in one step, link(2) does not.
        let suffix = String(UInt64.random(in: 0 ... .max), radix: 36)
        let interim = directory(of: path).dropLast() + Array("/\(UploadFile.prefix)\(suffix)".utf8CString)
        try file.link(as: Array(interim))
        guard rename(Array(interim), path) == 0 else {
            let code = errno
            unlink(Array(interim))
            throw SystemError(code: code)
        }
    }

    private static func directory(of path: [CChar]) -> [CChar] { UploadDirectory(of: path).path }

    /// What the umask and the directory's defaults make of 0666. Asked of the system, since the umask cannot
    /// be read without being changed for a moment.
    private static func modeOfNewFiles(in directory: [CChar]) -> mode_t {
        var status = stat()
        guard let probe = try? UploadFile(in: directory, mode: 0o666), fstat(probe.descriptor, &status) == 0
        else { return 0o600 }
        return status.st_mode & 0o777
    }
}

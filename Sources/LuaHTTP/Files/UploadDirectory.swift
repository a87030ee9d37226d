// SPDX-License-Identifier: MIT

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Where uploads are kept while their request lasts.
struct UploadDirectory: Sendable, Equatable {
    /// Ends in NUL.
    let path: [CChar]

    init(path: String) { self.path = Array(path.utf8CString) }

    var text: String {
        String(decoding: path.dropLast().lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// That of a file.
    init(of file: [CChar]) {
        let slash = file.lastIndex(of: 0x2F)
        path = slash.map { $0 == 0 ? [0x2F, 0] : Array(file[..<$0]) + [0] } ?? [0x2E, 0]
    }

    /// TMPDIR, else /var/tmp, else /tmp, which often is memory.
    static var standard: UploadDirectory {
        let named = getenv("TMPDIR").map { String(cString: $0) } ?? ""
        let candidates = named.isEmpty ? ["/var/tmp", "/tmp"] : [named]
        return UploadDirectory(path: candidates.first { access($0, W_OK | X_OK) == 0 } ?? "/tmp")
    }

    /// Why nothing can be stored here, or nil.
    var fault: SystemError? {
        do throws(SystemError) {
            _ = try UploadFile(in: path)
            return nil
        } catch {
            return error
        }
    }

    /// Cleans once more when the files of a process that was killed just before this one began are old enough.
    func cleanAgain(after delay: Duration = .seconds(newFor + 10)) -> Task<Void, any Error> {
        Task.detached(priority: .background) {
            try await Task.sleep(for: delay)
            clean()
        }
    }

    /// Deletes files that a process left behind which is no more; those of a living one are locked. There
    /// are none where files need no name.
    func clean() {
        guard let directory = opendir(path) else { return }
        defer { closedir(directory) }
        let prefix = Array(UploadFile.prefix.utf8)
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            guard name.starts(with: prefix) else { continue }
            let file = path.dropLast() + [0x2F] + name.map { CChar(bitPattern: $0) } + [0]
            let descriptor = open(Array(file), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
            guard descriptor >= 0 else { continue }
            var status = stat()
            // One that is new may not be locked yet.
            if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, Self.isOld(status),
                flock(descriptor, LOCK_EX | LOCK_NB) == 0
            {
                unlink(Array(file))
            }
            close(descriptor)
        }
    }

    /// Seconds.
    private static let newFor = 60

    private static func isOld(_ status: stat) -> Bool {
        #if canImport(Darwin)
        let changed = status.st_mtimespec.tv_sec
        #else
        let changed = status.st_mtim.tv_sec
        #endif
        return time(nil) > changed + newFor
    }
}

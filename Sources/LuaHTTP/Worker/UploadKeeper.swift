// SPDX-License-Identifier: MIT

internal import Logging
internal import NIOCore

/// Keeps what was uploaded under a name that a script chose: beside the loop, and whole or not at all.
struct UploadKeeper {
    let pool: BlockingPool
    /// Directory of the main script: relative names start there.
    let root: String
    let logger: Logger

    /// `path` as a name for the system; throws what no file can be called.
    func resolve(_ path: UnsafeRawBufferPointer) throws(HostError) -> [CChar] {
        guard !path.isEmpty, !path.contains(0) else {
            throw .message("cannot save a file under this name: a path without NUL bytes is needed")
        }
        let relative = path.first == ASCII.slash ? "" : root + "/"
        return Array(relative.utf8).map { CChar(bitPattern: $0) } + path.map { CChar(bitPattern: $0) } + [0]
    }

    /// Gives the content of a settled spool the name; `then` gets what went wrong, on the loop.
    func keep(
        _ spool: UploadSpool, as path: [CChar], replaces: Bool, then: @escaping (HostError?) -> Void
    ) {
        if let failure = spool.failure { return then(error(failure, path)) }
        let (file, bytes, size, mayLink) = (spool.file, spool.pending, spool.size, !spool.isSaved)
        spool.isSaved = file != nil
        pool.run { () -> SystemError? in
            do throws(SystemError) {
                if let file {
                    try UploadSaving.save(file, size: size, as: path, replaces: replaces, mayLink: mayLink)
                } else {
                    try UploadSaving.save(Array(bytes.readableBytesView), as: path, replaces: replaces)
                }
                return nil
            } catch {
                return error
            }
        } then: {
            then($0.map { error($0, path) })
        }
    }

    /// A full disk is not the script's mistake: the client is told, and whoever reads the log.
    func error(_ error: SystemError, _ path: [CChar]) -> HostError {
        if error.isFull {
            logger.error("507 no room to store an upload (\(error))")
            return .abort(status: 507, message: "There is no room to store the upload.")
        }
        let name = String(decoding: path.dropLast().lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return .message(
            error.isTaken
                ? "cannot save to '\(name)': it exists already (give { replace = true } to replace it)"
                : "cannot save to '\(name)': \(error)")
    }
}

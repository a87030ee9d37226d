// SPDX-License-Identifier: MIT

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// What `luahttpd DIR` runs in place of a script: the files of the directory, with a listing where there is no index.
enum FolderApp {
    /// - Throws: ``ScriptError`` for a directory with an app in it, whose source nobody wants to publish.
    static func source(_ path: String) throws(ScriptError) -> [UInt8] {
        guard access(path + "/app.lua", F_OK) != 0 else {
            throw ScriptError(
                message:
                    "\(path) is the directory of an app: run \(path)/app.lua, or move the files to be served"
                    + " into a directory of their own")
        }
        return Array("require('luahttpd'):static('/', '.', { listing = true })\n".utf8)
    }

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}

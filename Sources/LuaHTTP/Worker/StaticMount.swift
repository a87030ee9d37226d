// SPDX-License-Identifier: MIT

/// One `app:static(prefix, directory)`: the directory and how its files are sent.
struct StaticMount {
    /// As the script wrote it.
    let directory: String
    let root: FileRoot
    let cache: CacheRules
    /// Names of index files, each fit to be part of a path.
    let index: [[UInt8]]
    let hasListing: Bool
    let isPrecompressed: Bool

    /// - Parameter root: the directory of the main script.
    /// - Throws: ``ScriptError`` at `origin` when the directory is not there or a rule makes no sense.
    init(_ options: StaticOptions, root: String, origin: String) throws(ScriptError) {
        func failure(_ message: String) -> ScriptError {
            var failure = ScriptError(message: "app:static: " + message)
            failure.takePlace(from: origin)
            return failure
        }
        directory = options.directory
        let path = options.directory.hasPrefix("/") ? options.directory : root + "/" + options.directory
        do throws(SystemError) {
            self.root = try FileRoot(path: path)
        } catch {
            throw failure("cannot open the directory \(path): \(error)")
        }
        do throws(CacheRules.Invalid) {
            cache = try CacheRules(options.cache)
        } catch {
            throw failure(
                "cache = \"\(error.value)\" is neither a time such as \"1h\" nor a Cache-Control value")
        }
        index = options.index.map { Array($0.utf8) }
        if let name = index.first(where: {
            !StaticPath.isServed($0, isFirst: false) || $0.contains(ASCII.slash)
        }) {
            throw failure(
                "index = \"\(String(decoding: name, as: UTF8.self))\" is no name of a file that is served")
        }
        hasListing = options.hasListing
        isPrecompressed = options.isPrecompressed
    }
}

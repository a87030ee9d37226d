// SPDX-License-Identifier: MIT

/// One `app:static(prefix, directory)`: the directory and how its files are sent.
struct StaticMount {
    /// As the script wrote it.
    let directory: String
    let root: FileRoot
    let options: FileResponse.Options

    /// - Parameters:
    ///   - directory: relative to `root`, the directory of the main script, or absolute.
    ///   - cache: "1h", "30d", "no-store", or a whole Cache-Control value.
    /// - Throws: ``ScriptError`` at `origin` when the directory is not there.
    init(
        directory: String, root: String, cache: String?, origin: String
    ) throws(ScriptError) {
        self.directory = directory
        let path = directory.hasPrefix("/") ? directory : root + "/" + directory
        do throws(SystemError) {
            self.root = try FileRoot(path: path)
        } catch {
            var failure = ScriptError(message: "app:static: cannot open the directory \(path): \(error)")
            failure.takePlace(from: origin)
            throw failure
        }
        guard let value = cache.map(Self.cacheControl) ?? .some([]) else {
            var failure = ScriptError(
                message:
                    "app:static: cache = \"\(cache ?? "")\" is neither a time such as \"1h\" nor a Cache-Control value"
            )
            failure.takePlace(from: origin)
            throw failure
        }
        options = FileResponse.Options(cacheControl: value)
    }

    /// "90s", "15m", "1h", "30d" → max-age; other text without control characters as it is.
    static func cacheControl(_ text: String) -> [UInt8]? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        if !digits.isEmpty {
            let units: [String: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "": 1]
            guard let number = Int(digits), let unit = units[String(text.dropFirst(digits.count))],
                number <= 31_536_000 * 10 / unit
            else { return nil }
            return Array("max-age=\(number * unit)".utf8)
        }
        return text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } ? Array(text.utf8) : nil
    }
}

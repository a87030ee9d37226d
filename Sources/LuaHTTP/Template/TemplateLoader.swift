// SPDX-License-Identifier: MIT

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// Reads the templates of a directory: every text file below it, by its path from there. Follows no link out of the
/// directory. Knows neither syntax nor who uses the templates.
struct TemplateLoader {
    let directory: String

    private static let largestFile = 4 << 20
    private static let deepest = 16
    private static let mostFiles = 10_000
    /// What is text; images and the like may lie beside templates.
    private static let extensions: Set<String> = [
        "html", "htm", "xhtml", "xml", "svg", "txt", "md", "json", "js", "css", "csv", "tsv", "rss", "atom", "ics",
        "yaml", "yml", "toml", "tpl", "tmpl", "jinja", "jinja2", "j2", "eml", "lua", "sql", "sh", "conf",
    ]

    typealias Source = (name: String, bytes: [UInt8])

    /// All templates sorted by name, and what is wrong with files that cannot be templates.
    func load() -> (sources: [Source], errors: [TemplateError]) {
        var sources: [Source] = []
        var errors: [TemplateError] = []
        guard let root = Self.realPath(directory) else {
            return ([], [Self.error(directory, "cannot open the directory \(directory): \(Self.reason)")])
        }
        var pending: [(path: String, name: String, depth: Int)] = [(root, "", 0)]
        while let (path, name, depth) = pending.popLast() {
            for entry in Self.entries(of: path) {
                let full = path + "/" + entry
                let inner = name.isEmpty ? entry : name + "/" + entry
                guard let real = Self.realPath(full), real == root || real.hasPrefix(root + "/") else {
                    if Self.isTemplate(entry) { errors.append(Self.error(inner, "leads out of \(directory)")) }
                    continue
                }
                if Self.kind(of: real) == S_IFDIR {
                    if depth < Self.deepest { pending.append((full, inner, depth + 1)) }
                } else if Self.isTemplate(entry), Self.kind(of: real) == S_IFREG {
                    guard sources.count < Self.mostFiles else {
                        return (sources, errors + [Self.error(inner, "more than \(Self.mostFiles) templates")])
                    }
                    switch Self.read(real) {
                    case .success(let bytes): sources.append((inner, bytes))
                    case .failure(let reason): errors.append(Self.error(inner, reason.text))
                    }
                }
            }
        }
        return (sources.sorted { $0.name < $1.name }, errors)
    }

    private struct Reason: Error { let text: String }

    private static func read(_ path: String) -> Result<[UInt8], Reason> {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return .failure(Reason(text: "cannot be read: \(reason)")) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= largestFile {
            let count = chunk.withUnsafeMutableBytes { systemRead(file, $0) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return .failure(Reason(text: "cannot be read: \(reason)")) }
            if count == 0 {
                guard String(validating: bytes, as: UTF8.self) != nil else {
                    return .failure(Reason(text: "is not UTF-8 text"))
                }
                return .success(bytes)
            }
            bytes += chunk[..<count]
        }
        return .failure(Reason(text: "is larger than 4 MiB"))
    }

    /// Names in a directory, without hidden files and what editors leave behind.
    private static func entries(of path: String) -> [String] {
        guard let handle = opendir(path) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) {
                    String(cString: $0)
                }
            }
            if !name.hasPrefix("."), !name.hasSuffix("~"), !name.hasPrefix("#") { names.append(name) }
        }
        return names
    }

    private static func isTemplate(_ name: String) -> Bool {
        guard let dot = name.lastIndex(of: ".") else { return false }
        return extensions.contains(name[name.index(after: dot)...].lowercased())
    }

    private static func kind(of path: String) -> mode_t {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & S_IFMT : 0
    }

    private static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private static var reason: String { String(cString: strerror(errno)) }

    private static func error(_ name: String, _ message: String) -> TemplateError {
        TemplateError(
            kind: .templateNotFound, message: "'\(name)' \(message)", template: name, line: 0, column: 0, excerpt: "")
    }
}

private func systemRead(_ file: Int32, _ memory: UnsafeMutableRawBufferPointer) -> Int {
    read(file, memory.baseAddress, memory.count)
}

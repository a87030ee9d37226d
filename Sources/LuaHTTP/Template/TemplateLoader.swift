// SPDX-License-Identifier: MIT

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// Reads all templates below a directory. Nothing outside of it is ever opened: names come from the
/// directory itself, and links that lead out of it are errors. Knows nothing of what is in the files.
struct TemplateLoader {
    let root: String
    var maximumSize = 4 << 20
    /// Directories within directories; more is a loop of links.
    var maximumDepth = 20

    struct Source {
        var name: String
        var bytes: [UInt8]
    }

    private var realRoot = ""
    private var sources: [Source] = []
    private var errors: [TemplateError] = []

    init(root: String) { self.root = root }

    /// Every regular file, in the order of names, except those that editors leave behind, and those whose
    /// extension says that they are no text.
    static func load(root: String) -> (sources: [Source], errors: [TemplateError]) {
        var loader = TemplateLoader(root: root)
        guard let real = realPath(root) else {
            loader.report("", "the directory '\(root)' cannot be read")
            return ([], loader.errors)
        }
        loader.realRoot = real
        loader.scan("", depth: 0)
        loader.sources.sort { $0.name < $1.name }
        return (loader.sources, loader.errors)
    }

    private mutating func report(_ name: String, _ message: String) {
        errors.append(
            TemplateError(
                kind: .templateNotFound, message: message, template: name.isEmpty ? root : name, line: 0,
                column: 0,
                excerpt: ""))
    }

    private static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private mutating func scan(_ directory: String, depth: Int) {
        guard depth <= maximumDepth else { return report(directory, "directories are nested too deeply") }
        let path = directory.isEmpty ? realRoot : realRoot + "/" + directory
        guard let stream = opendir(path) else { return report(directory, "the directory cannot be read") }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) {
                    String(validatingCString: $0)
                }
            }
            guard let name else {
                report(directory, "a file's name is not UTF-8")
                continue
            }
            if LeftoverName.matches(name) { continue }
            visit(directory.isEmpty ? name : directory + "/" + name, depth)
        }
    }

    private mutating func visit(_ name: String, _ depth: Int) {
        // A link may lead anywhere: what it resolves to must be below the root.
        guard let real = Self.realPath(realRoot + "/" + name) else {
            return report(name, "the file cannot be read")
        }
        guard real.hasPrefix(realRoot == "/" ? "/" : realRoot + "/") else {
            return report(name, "the link leads out of the directory of templates")
        }
        var status = stat()
        guard stat(real, &status) == 0 else { return report(name, "the file cannot be read") }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: scan(name, depth: depth + 1)
        case S_IFREG: if !Self.isBinary(name) { read(name, real) }
        default: break
        }
    }

    /// Pictures, fonts and the like that lie beside the templates they belong to.
    private static func isBinary(_ name: String) -> Bool {
        guard let dot = name.lastIndex(of: ".") else { return false }
        return binaryExtensions.contains(name[name.index(after: dot)...].lowercased())
    }

    private static let binaryExtensions: Set<String> = [
        "png", "apng", "jpg", "jpeg", "gif", "webp", "avif", "ico", "bmp", "tif", "tiff", "psd", "woff",
        "woff2",
        "ttf", "otf", "eot", "mp3", "ogg", "wav", "mp4", "webm", "pdf", "zip", "gz", "br", "wasm",
    ]

    private mutating func read(_ name: String, _ path: String) {
        guard let file = fopen(path, "rb") else { return report(name, "the file cannot be read") }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 {
            bytes += chunk[..<count]
            guard bytes.count <= maximumSize else {
                return report(name, "the file is larger than \(maximumSize) bytes")
            }
        }
        guard ferror(file) == 0 else { return report(name, "the file cannot be read") }
        sources.append(Source(name: name, bytes: bytes))
    }
}

extension TemplateSet {
    /// All templates below a directory. Those that are in `known` with the same source are not compiled again.
    static func load(
        root: String, options: TemplateOptions = .init(), for page: String? = nil,
        knowing known: TemplateSet? = nil
    ) -> Outcome {
        let (sources, errors) = TemplateLoader.load(root: root)
        guard errors.isEmpty else { return .failed(errors) }
        return build(sources.map { ($0.name, $0.bytes) }, options: options, for: page, knowing: known)
    }
}

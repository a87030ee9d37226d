// SPDX-License-Identifier: MIT

/// One line of a directory's page.
struct DirectoryEntry: Equatable {
    /// The bytes of its name; any but NUL and slash.
    var name: [UInt8]
    var isDirectory: Bool
    var size: Int64 = 0
    /// Seconds since 1970.
    var modified: Int64 = 0
}

/// The page that lists a directory without an index file. Pure: entries in, HTML out; every name is escaped.
struct DirectoryListing {
    /// More are not shown: a page of this length is no help any more.
    static let mostEntries = 10_000

    /// - Parameters:
    ///   - path: of the request, decoded, with a slash at both ends.
    ///   - isCut: there are more entries than these.
    static func page(_ entries: [DirectoryEntry], path: [UInt8], isCut: Bool) -> [UInt8] {
        var page = Array(head.utf8)
        page.replace("{{title}}", with: Array("Index of ".utf8) + escaped(path))
        page += Array("<h1>".utf8) + trail(path) + Array("</h1>\n<table>\n".utf8)
        page += Array("<thead><tr><th>Name<th>Size<th>Modified (UTC)</thead>\n<tbody>\n".utf8)
        if path.count > 1 {
            page += Array("<tr class=\"dir\"><td><a href=\"../\">../</a><td><td>\n".utf8)
        }
        for entry in entries.sorted(by: isBefore) { page += row(entry) }
        page += Array("</tbody>\n</table>\n".utf8)
        if entries.isEmpty { page += Array("<p>This directory is empty.</p>\n".utf8) }
        if isCut { page += Array("<p>Only \(mostEntries) entries are shown.</p>\n".utf8) }
        return page + Array("</main></body></html>\n".utf8)
    }

    /// Directories first; letters without case, then byte by byte.
    static func isBefore(_ left: DirectoryEntry, _ right: DirectoryEntry) -> Bool {
        if left.isDirectory != right.isDirectory { return left.isDirectory }
        let (first, second) = (left.name.map(ASCII.lowercased), right.name.map(ASCII.lowercased))
        return first == second
            ? left.name.lexicographicallyPrecedes(right.name) : first.lexicographicallyPrecedes(second)
    }

    private static func row(_ entry: DirectoryEntry) -> [UInt8] {
        let slash: [UInt8] = entry.isDirectory ? [ASCII.slash] : []
        // "./": a name with a colon would be a URL of another scheme.
        var row = Array(
            entry.isDirectory ? "<tr class=\"dir\"><td><a href=\"./".utf8 : "<tr><td><a href=\"./".utf8)
        PercentCoding.encode(entry.name, into: &row)
        row += slash + Array("\">".utf8) + escaped(entry.name) + slash + Array("</a><td>".utf8)
        if !entry.isDirectory { row += Array(size(entry.size).utf8) }
        return row + Array("<td>".utf8) + date(entry.modified) + [ASCII.lf]
    }

    /// "1.4 MB": three digits are enough to compare by.
    static func size(_ bytes: Int64) -> String {
        var value = Double(max(0, bytes))
        guard value >= 1000 else { return "\(max(0, bytes)) B" }
        for unit in ["kB", "MB", "GB", "TB", "PB"] {
            value /= 1000
            let tenths = Int((value * 10).rounded())
            if tenths < 100 { return "\(tenths / 10).\(tenths % 10) \(unit)" }
            if value < 999.5 { return "\(Int(value.rounded())) \(unit)" }
        }
        return "\(Int(value)) PB"
    }

    /// "23 Nov 2026 13:05", out of the words of the HTTP date.
    private static func date(_ seconds: Int64) -> [UInt8] {
        let date = HTTPDate.bytes(max(0, seconds))
        return date.count >= 22 ? Array(date[5..<22]) : []
    }

    /// The directories above, each a link to itself.
    private static func trail(_ path: [UInt8]) -> [UInt8] {
        let names = path.split(separator: ASCII.slash)
        var trail: [UInt8] = []
        for depth in 0...names.count {
            let name = depth == 0 ? [] : escaped(Array(names[depth - 1]))
            let up = String(repeating: "../", count: names.count - depth)
            trail +=
                up.isEmpty
                ? name + [ASCII.slash]
                : Array("<a href=\"\(up)\">".utf8) + name + Array("/</a>".utf8)
        }
        return trail
    }

    /// HTML; bytes that are not UTF-8 become U+FFFD.
    private static func escaped(_ name: [UInt8]) -> [UInt8] {
        var escaped: [UInt8] = []
        for byte in String(decoding: name, as: UTF8.self).utf8 {
            switch byte {
            case UInt8(ascii: "&"): escaped += Array("&amp;".utf8)
            case UInt8(ascii: "<"): escaped += Array("&lt;".utf8)
            case UInt8(ascii: ">"): escaped += Array("&gt;".utf8)
            case ASCII.quote: escaped += Array("&#34;".utf8)
            case UInt8(ascii: "'"): escaped += Array("&#39;".utf8)
            default: escaped.append(byte)
            }
        }
        return escaped
    }

    private static let head = """
        <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8"><title>{{title}}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <style>
        :root { color-scheme: light dark }
        body { font: 16px/1.5 system-ui, sans-serif; margin: 0; color: #1f2933; background: #f7f8fa }
        main { max-width: 60rem; margin: 3rem auto; padding: 0 1.5rem }
        h1 { font-size: 1.25rem; font-weight: 600; margin: 0 0 1.5rem; overflow-wrap: anywhere }
        table { width: 100%; border-collapse: collapse; background: #fff; border: 1px solid #dde2e8;
                border-radius: 6px; font-variant-numeric: tabular-nums }
        th { text-align: left; font-size: .8rem; font-weight: 600; color: #52606d }
        th, td { padding: .4rem .9rem; border-top: 1px solid #eef1f4 }
        thead th { border-top: 0 }
        td:nth-child(1) { overflow-wrap: anywhere }
        th:nth-child(2), td:nth-child(2) { text-align: right; white-space: nowrap; width: 6rem }
        th:nth-child(3), td:nth-child(3) { white-space: nowrap; width: 10rem; color: #52606d }
        tbody tr:hover { background: #f1f4f8 }
        a { color: #0b62c4; text-decoration: none }
        a:hover { text-decoration: underline }
        .dir a { font-weight: 600 }
        @media (max-width: 36rem) { th:nth-child(3), td:nth-child(3) { display: none } }
        @media (prefers-color-scheme: dark) {
          body { color: #e4e7eb; background: #14181d }
          table { background: #1c2229; border-color: #323f4b } th, td { border-color: #262e37 }
          th, th:nth-child(3), td:nth-child(3) { color: #9aa5b1 } tbody tr:hover { background: #232b34 }
          a { color: #6cb2ff } }
        </style></head><body><main>

        """
}

extension [UInt8] {
    /// Replaces the first `mark`, which is there.
    fileprivate mutating func replace(_ mark: String, with bytes: [UInt8]) {
        guard let range = firstRange(of: Array(mark.utf8)) else { return }
        replaceSubrange(range, with: bytes)
    }
}

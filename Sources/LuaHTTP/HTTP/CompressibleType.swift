// SPDX-License-Identifier: MIT

/// Which media types become smaller by compression: text in the wide sense. Pictures, sound, video, archives and most
/// fonts are compressed already. Knows names only.
enum CompressibleType {
    /// - Parameter value: of Content-Type, parameters included.
    static func contains(_ value: UnsafeRawBufferPointer) -> Bool {
        let end = value.firstIndex(of: ASCII.semicolon) ?? value.endIndex
        let type = ASCII.trimmed(UnsafeRawBufferPointer(rebasing: value[..<end]))
        guard let slash = type.firstIndex(of: ASCII.slash) else { return false }
        let group = UnsafeRawBufferPointer(rebasing: type[..<slash])
        let name = UnsafeRawBufferPointer(rebasing: type[(slash + 1)...])
        if ASCII.equalsIgnoringCase(group, "text") {
            // Events are small, and their streams many and without end: each would hold a compressor.
            return !ASCII.equalsIgnoringCase(name, "event-stream")
        }
        if ends(name, with: "+json") || ends(name, with: "+xml") { return true }
        if ASCII.equalsIgnoringCase(group, "application") {
            return applications.contains { ASCII.equalsIgnoringCase(name, $0) }
        }
        return others.contains { ASCII.equalsIgnoringCase(type, $0) }
    }

    private static let applications: [StaticString] = [
        "json", "javascript", "xml", "x-ndjson", "yaml", "graphql", "sql", "rtf", "wasm", "x-javascript",
        "vnd.apple.mpegurl", "vnd.ms-fontobject", "x-www-form-urlencoded",
    ]

    private static let others: [StaticString] = [
        "font/ttf", "font/otf", "font/collection", "image/bmp", "image/vnd.microsoft.icon", "image/x-icon",
        "model/obj", "model/stl",
    ]

    private static func ends(_ name: UnsafeRawBufferPointer, with suffix: StaticString) -> Bool {
        guard name.count > suffix.utf8CodeUnitCount else { return false }
        return ASCII.equalsIgnoringCase(
            UnsafeRawBufferPointer(rebasing: name.suffix(suffix.utf8CodeUnitCount)), suffix)
    }
}

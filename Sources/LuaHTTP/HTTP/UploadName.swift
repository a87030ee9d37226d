// SPDX-License-Identifier: MIT

/// The name of an uploaded file as it may be shown: the last component of what the client sent, as text.
/// It stays the client's word: nothing may be stored under it unseen.
enum UploadName {
    private static let longest = 255

    /// UTF-8 without control characters, at most 255 bytes, never empty, "." or "..".
    static func shown(_ name: [UInt8]) -> [UInt8] {
        // Some clients send a whole path, of either kind.
        let last = name.lastIndex { $0 == ASCII.slash || $0 == ASCII.backslash }
        var shown: [UInt8] = []
        for scalar in String(decoding: name[(last.map { $0 + 1 } ?? 0)...], as: UTF8.self).unicodeScalars {
            guard !isHidden(scalar) else { continue }
            let bytes = Array(String(scalar).utf8)
            if shown.count + bytes.count > longest { break }
            shown += bytes
        }
        while let last = shown.last, ASCII.isBlank(last) { shown.removeLast() }
        return shown.isEmpty || shown == [0x2E] || shown == [0x2E, 0x2E] ? Array("file".utf8) : shown
    }

    /// Controls, line separators, and the marks that turn the direction of text (which make "exe.gpj" look
    /// like "jpg.exe").
    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
        default: false
        }
    }
}

// SPDX-License-Identifier: MIT

/// The head of one part of a multipart body: what RFC 7578 §4.2 lets a form say of a field or a file.
/// Bytes as they were sent, escapes removed; does not judge whether a name may be shown or used.
struct MultipartPart: Equatable, Sendable {
    /// The parameter `name` of Content-Disposition.
    var name: [UInt8]?
    /// Present for files, and empty where no file was chosen.
    var filename: [UInt8]?
    /// The value of Content-Type.
    var type: [UInt8]?

    static let longestName = 4 << 10

    init(name: [UInt8]? = nil, filename: [UInt8]? = nil, type: [UInt8]? = nil) {
        self.name = name
        self.filename = filename
        self.type = type
    }

    /// Reads the lines of a head; the empty line that ends it is among them.
    init(head: [UInt8]) throws(HTTPError) {
        var disposition: [UInt8]?
        for line in Self.unfold(head) {
            let (name, value) = try Self.split(line)
            switch name {
            case "content-disposition":
                guard disposition == nil else { throw Self.malformed }
                disposition = value
            case "content-type":
                guard type == nil else { throw Self.malformed }
                type = value
            case "content-transfer-encoding":
                // Deprecated for forms (RFC 7578 §4.7). Passing base64 on as content would be wrong.
                let known: [StaticString] = ["7bit", "8bit", "binary"]
                guard known.contains(where: { value.equalsIgnoringCase($0) }) else {
                    throw HTTPError(400, "Content-Transfer-Encoding of a part is not supported")
                }
            default: break
            }
        }
        if let disposition { try read(disposition) }
        if let name, name.count > Self.longestName {
            throw HTTPError(413, "name of a form field too long", limit: .partHead)
        }
    }

    private static let malformed = HTTPError(400, "malformed head of a multipart part")

    // MARK: Lines

    /// The lines without their CRLF; one that begins with a blank goes on with the line before it
    /// (RFC 5322 §2.2.3: parts are MIME, not HTTP).
    private static func unfold(_ head: [UInt8]) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        for line in head.split(separator: ASCII.lf) {
            let line = line.dropLast()  // CR
            if line.isEmpty { continue }
            if let first = line.first, ASCII.isBlank(first), !lines.isEmpty {
                lines[lines.count - 1] += line
            } else {
                lines.append(Array(line))
            }
        }
        return lines
    }

    /// Name in lower case, and value.
    private static func split(_ line: [UInt8]) throws(HTTPError) -> (String, [UInt8]) {
        guard let colon = line.firstIndex(of: ASCII.colon), colon > 0,
            line[..<colon].allSatisfy(ASCII.isToken),
            line.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == ASCII.tab })
        else { throw malformed }
        let name = String(decoding: line[..<colon].lazy.map(ASCII.lowercased), as: UTF8.self)
        return (name, trimmed(line[(colon + 1)...]))
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var bytes = bytes
        while let first = bytes.first, ASCII.isBlank(first) { bytes.removeFirst() }
        while let last = bytes.last, ASCII.isBlank(last) { bytes.removeLast() }
        return Array(bytes)
    }

    // MARK: Content-Disposition

    /// `form-data; name="a"; filename="b.png"`. Each parameter once: two readers must not choose differently.
    private mutating func read(_ value: [UInt8]) throws(HTTPError) {
        var extended: [UInt8]?
        var index = value.firstIndex(of: ASCII.semicolon) ?? value.count
        guard Self.trimmed(value[..<index]).allSatisfy(ASCII.isToken) else { throw Self.malformed }
        while index < value.count {
            index += 1  // the semicolon
            while index < value.count, ASCII.isBlank(value[index]) { index += 1 }
            if index == value.count { break }
            let start = index
            while index < value.count, ASCII.isToken(value[index]) { index += 1 }
            let name = String(decoding: value[start..<index].lazy.map(ASCII.lowercased), as: UTF8.self)
            guard !name.isEmpty, index < value.count, value[index] == ASCII.equals else {
                throw Self.malformed
            }
            index += 1
            let content = try Self.parameter(value, &index)
            switch name {
            case "name": try Self.set(&self.name, content)
            case "filename": try Self.set(&filename, content)
            case "filename*": try Self.set(&extended, content)
            default: break
            }
        }
        // RFC 7578 §4.2 forbids it in forms; some clients send it for names beyond ASCII, and mean it.
        if let extended { filename = try Self.decode(extended: extended) }
    }

    private static func set(_ field: inout [UInt8]?, _ value: [UInt8]) throws(HTTPError) {
        guard field == nil else { throw malformed }
        field = value
    }

    /// A quoted string or a token, up to the next semicolon or the end.
    private static func parameter(_ value: [UInt8], _ index: inout Int) throws(HTTPError) -> [UInt8] {
        guard index < value.count, value[index] == ASCII.quote else {
            let end = value[index...].firstIndex(of: ASCII.semicolon) ?? value.count
            defer { index = end }
            let token = trimmed(value[index..<end])
            guard !token.contains(ASCII.quote) else { throw malformed }
            return token
        }
        index += 1
        let content = try quoted(value, &index)
        while index < value.count, ASCII.isBlank(value[index]) { index += 1 }
        guard index == value.count || value[index] == ASCII.semicolon else { throw malformed }
        return content
    }

    /// Browsers write `"`, CR and LF as `%22`, `%0D` and `%0A` (HTML §4.10.21.8) and nothing else; other
    /// clients put a backslash before `"` and `\`. Any other backslash is part of a Windows path.
    private static func quoted(_ value: [UInt8], _ index: inout Int) throws(HTTPError) -> [UInt8] {
        var content: [UInt8] = []
        while index < value.count {
            let byte = value[index]
            index += 1
            switch byte {
            case ASCII.quote:
                return content
            case ASCII.backslash
            where index < value.count
                && (value[index] == ASCII.quote || value[index] == ASCII.backslash):
                content.append(value[index])
                index += 1
            case ASCII.percent:
                let decoded = value.withUnsafeBytes { PercentCoding.triplet($0, at: index - 1) }
                if let decoded, decoded == ASCII.quote || decoded == ASCII.cr || decoded == ASCII.lf {
                    content.append(decoded)
                    index += 2
                } else {
                    content.append(byte)
                }
            default:
                content.append(byte)
            }
        }
        throw malformed
    }

    /// `UTF-8''na%C3%AFve.txt` (RFC 8187 §3.2).
    private static func decode(extended value: [UInt8]) throws(HTTPError) -> [UInt8] {
        let pieces = value.split(separator: 0x27, maxSplits: 2, omittingEmptySubsequences: false)
        var decoded: [UInt8] = []
        guard pieces.count == 3, Array(pieces[0]).equalsIgnoringCase("utf-8"),
            pieces[2].withUnsafeBytes({ PercentCoding.decode($0, into: &decoded) })
        else { throw malformed }
        return decoded
    }
}

extension [UInt8] {
    /// `text` must be in lower case.
    fileprivate func equalsIgnoringCase(_ text: StaticString) -> Bool {
        withUnsafeBytes { ASCII.equalsIgnoringCase($0, text) }
    }
}

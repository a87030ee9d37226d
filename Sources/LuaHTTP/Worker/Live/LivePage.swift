// SPDX-License-Identifier: MIT

/// Which answers are whole pages that a browser opens, and what becomes of their header lines when a tag is put
/// into them. Reads bytes; sends nothing.
struct LivePage {
    /// The header lines of the answer with the tag.
    let fields: [UInt8]
    private let nonce: String?

    /// A browser opens a page: no script asks for data or for a piece of a page, and no frame is filled.
    static func isAskedFor(by head: borrowing RequestHead) -> Bool {
        if head.headers.contains(.hxRequest) || head.headers.contains(.xRequestedWith) { return false }
        // Browsers say it where they trust the connection: https, and every http to this machine.
        for index in 0..<head.headers.count where ASCII.equalsIgnoringCase(head.name(index), "sec-fetch-dest")
        {
            return ASCII.equalsIgnoringCase(head.value(index), "document")
        }
        guard let accept = head.value(.accept) else { return false }
        return String(decoding: accept.prefix(1024), as: UTF8.self).lowercased().contains("text/html")
    }

    /// Nil when the answer is no page: another type, nothing to show, encoded, or to be saved.
    init?(status: Int, fields: UnsafeRawBufferPointer, policy: ContentPolicy) {
        // Of a redirect or a part of a file no page comes.
        guard status >= 200, !(300..<400).contains(status), ![204, 205, 206].contains(status) else {
            return nil
        }
        var policy = policy
        var kept: [UInt8] = []
        var isPage = false
        for line in fields.split(separator: ASCII.lf) {
            let line = UnsafeRawBufferPointer(rebasing: line)
            guard let colon = line.firstIndex(of: ASCII.colon) else { continue }
            let name = UnsafeRawBufferPointer(rebasing: line[..<colon])
            var value = ASCII.trimmed(UnsafeRawBufferPointer(rebasing: line[(colon + 1)...]))
            if value.last == ASCII.cr { value = UnsafeRawBufferPointer(rebasing: value.dropLast()) }
            switch Self.meaning(of: name) {
            case .type: isPage = Self.isHTML(value)
            case .encoding where !ASCII.equalsIgnoringCase(value, "identity"): return nil
            case .disposition where !ASCII.equalsIgnoringCase(.init(rebasing: value.prefix(6)), "inline"):
                return nil
            case .validator: continue
            case .policy:
                let text = policy.admit(in: String(decoding: value, as: UTF8.self))
                kept += Array(name) + Array(": \(text)\r\n".utf8)
                continue
            default: break
            }
            kept += line
            kept.append(ASCII.lf)
        }
        guard isPage else { return nil }
        self.fields = kept
        nonce = policy.nonce
    }

    func tag(_ attributes: String) -> [UInt8] {
        let nonce = nonce.map { " nonce=\"\($0)\"" } ?? ""
        return Array("<script src=\"\(LivePath.script)\"\(attributes)\(nonce) defer></script>\n".utf8)
    }

    private enum Meaning { case type, encoding, disposition, policy, validator, other }

    private static func meaning(of name: UnsafeRawBufferPointer) -> Meaning {
        func equals(_ text: StaticString) -> Bool { ASCII.equalsIgnoringCase(name, text) }
        if equals("content-type") { return .type }
        if equals("content-encoding") { return .encoding }
        if equals("content-disposition") { return .disposition }
        if equals("content-security-policy") { return .policy }
        // They speak of the page without the tag, which differs from state to state of the app.
        let validators: [StaticString] = [
            "etag", "last-modified", "accept-ranges", "content-md5", "digest", "repr-digest",
            "content-digest",
        ]
        return validators.contains { equals($0) } ? .validator : .other
    }

    /// In an encoding whose ASCII is ASCII.
    private static func isHTML(_ value: UnsafeRawBufferPointer) -> Bool {
        let text = String(decoding: value.prefix(200), as: UTF8.self).lowercased()
        guard text.hasPrefix("text/html") else { return false }
        return !text.contains("utf-16") && !text.contains("utf-32")
    }
}

/// Paths that the server keeps for itself during development.
enum LivePath {
    static let prefix = "/.luahttpd/"
    static let script = "/.luahttpd/live.js"
    static let stream = "/.luahttpd/live"
    /// Followed by the number of a report.
    static let report = "/.luahttpd/report/"
}

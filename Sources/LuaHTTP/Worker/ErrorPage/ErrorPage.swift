// SPDX-License-Identifier: MIT

internal import NIOCore

/// The built-in answer to an error: a plain page for visitors, in development all that helps its author; as HTML,
/// JSON or text, as the client asks. Self-contained, never cached, and nothing that the client sent is in it
/// unescaped.
struct ErrorPage {
    enum Format: Equatable {
        case html, json, text

        /// HTML for those who ask for it (browsers do), JSON for programs that ask for it, text for the rest.
        init(accept: UnsafeRawBufferPointer?) {
            // Quality values do not matter: whoever names HTML can show it.
            let accept = accept.map { String(decoding: $0.prefix(1024), as: UTF8.self).lowercased() } ?? ""
            if accept.contains("text/html") {
                self = .html
            } else {
                self = accept.contains("/json") || accept.contains("+json") ? .json : .text
            }
        }
    }

    let body: ByteBuffer
    private let format: Format

    /// - Parameter report: what the author is to see; nil in production.
    init(status: Int, message: String?, report: FailureReport?, format: Format) {
        self.format = format
        let message = message.flatMap { $0.isEmpty ? nil : $0 }
        switch format {
        case .html:
            body = ByteBuffer(string: report?.html ?? Self.plain(status: status, message: message))
        case .json:
            var members: [(String, JSONText)] = [
                ("status", .number(status)), ("error", .string(StatusLine.text(status))),
            ]
            if let message { members.append(("message", .string(message))) }
            body = ByteBuffer(string: (report?.json ?? .object(members)).text + "\n")
        case .text:
            let plain = "\(status) \(StatusLine.text(status))\n" + (message.map { $0 + "\n" } ?? "")
            body = ByteBuffer(string: report?.plainText ?? plain)
        }
    }

    /// Header lines: type, no caching; and nothing on the page may run or load, should anything slip in.
    var fields: StaticString {
        switch format {
        case .html:
            "Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\nContent-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n"
        case .json: "Content-Type: application/json\r\nCache-Control: no-store\r\n"
        case .text: "Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n"
        }
    }

    /// A page without details.
    static func plain(status: Int, message: String?) -> String {
        var page = HTMLText()
        PageFrame.begin(&page, title: "\(status) \(StatusLine.text(status))", style: .plainStyle)
        page.element("<body><main><h1>", "\(status) \(StatusLine.text(status))", "</h1>\n")
        if let message, !message.isEmpty { page.element("<p>", message, "</p>\n") }
        page.markup("</main>\n")
        PageFrame.end(&page)
        return page.text
    }

    /// Message, excerpt and calls, as text for the log and for error handlers of the app.
    static func detail(of failure: RequestTask.Failure) -> String? {
        let parts = [failure.templateError?.description, failure.error.map { ScriptReport($0).text }]
        let text = parts.compactMap { $0 }.joined(separator: "\n\n")
        return text.isEmpty ? nil : text
    }
}

extension StatusLine {
    /// The reason phrase, or "Error" for a status without one.
    static func text(_ status: Int) -> String {
        let reason = reason(status).description
        return reason.isEmpty ? "Error" : reason
    }
}

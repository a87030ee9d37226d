// SPDX-License-Identifier: MIT

internal import NIOCore

/// The built-in answer to an error: a plain page for visitors, in development all that helps its author.
///
/// Self-contained, never cached, and nothing that the client sent is in it unescaped.
struct ErrorPage {
    enum Format {
        case html, text

        /// HTML for those who ask for it (browsers do), text for the rest.
        init(for exchange: HTTPExchange) {
            guard let accept = exchange.head.value(.accept) else {
                self = .text
                return
            }
            self = String(decoding: accept, as: UTF8.self).lowercased().contains("text/html") ? .html : .text
        }
    }

    let body: ByteBuffer
    private let format: Format

    init(_ failure: RequestTask.Failure, isDevelopment: Bool, format: Format) {
        self.format = format
        let detail = isDevelopment ? Self.detail(of: failure) : nil
        switch format {
        case .text:
            var text = "\(failure.status) \(StatusLine.text(failure.status))\n"
            if let message = failure.message { text += message + "\n" }
            if let detail { text += "\n" + detail + "\n" }
            body = ByteBuffer(string: text)
        case .html:
            body = ByteBuffer(
                bytes: Self.html(status: failure.status, message: failure.message, detail: detail))
        }
    }

    /// Adds Content-Type and Cache-Control.
    func writeFields(to fields: inout HeaderBlock) {
        switch format {
        case .html: fields.append(ByteBuffer(string: "Content-Type: text/html; charset=utf-8\r\n"))
        case .text: fields.append(ByteBuffer(string: "Content-Type: text/plain; charset=utf-8\r\n"))
        }
        fields.append(ByteBuffer(string: "Cache-Control: no-store\r\n"))
    }

    /// A page without details.
    static func plain(status: Int, message: String?) -> [UInt8] {
        html(status: status, message: message, detail: nil)
    }

    /// Message, excerpt and calls, as text for the log, the terminal and the page.
    static func detail(of failure: RequestTask.Failure) -> String? {
        let parts = [failure.templateError?.description, failure.error.map { ScriptReport($0).text }]
        let text = parts.compactMap { $0 }.joined(separator: "\n\n")
        return text.isEmpty ? nil : text
    }

    private static func html(status: Int, message: String?, detail: String?) -> [UInt8] {
        let title = "\(status) \(StatusLine.text(status))"
        var page = """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><title>\(title)</title>
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <style>
            body { font: 16px/1.5 system-ui, sans-serif; margin: 0; color: #1f2933; background: #f7f8fa }
            main { max-width: 56rem; margin: 12vh auto 4rem; padding: 0 1.5rem }
            h1 { font-size: 1.6rem; margin: 0 0 .5rem }
            p { color: #52606d; margin: 0 0 1.5rem }
            pre { font: 13px/1.55 ui-monospace, monospace; background: #fff; border: 1px solid #dde2e8;
                  border-left: 4px solid #d64545; border-radius: 4px; padding: 1rem; overflow-x: auto }
            @media (prefers-color-scheme: dark) {
              body { color: #e4e7eb; background: #14181d } p { color: #9aa5b1 }
              pre { background: #1c2229; border-color: #323f4b; border-left-color: #ef4e4e } }
            </style></head><body><main>
            <h1>\(title)</h1>

            """
        if let message, !message.isEmpty { page += "<p>\(escape(message))</p>\n" }
        if let detail { page += "<pre>\(escape(detail))</pre>\n" }
        page += "</main></body></html>\n"
        return Array(page.utf8)
    }

    private static func escape(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&#34;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}

extension StatusLine {
    /// The reason phrase, or "Error" for a status without one.
    static func text(_ status: Int) -> String {
        let reason = reason(status).description
        return reason.isEmpty ? "Error" : reason
    }
}

// SPDX-License-Identifier: MIT

/// HTML that the server itself writes. Markup is what stands in our source or is a file of the program;
/// everything else is text and escaped: there is no third way in.
struct HTMLText {
    private(set) var text = ""

    mutating func markup(_ markup: StaticString) {
        markup.withUTF8Buffer { text += String(decoding: $0, as: UTF8.self) }
    }

    mutating func markup(_ asset: Asset) { text += asset.text }

    /// Text of an element or of an attribute in quotes.
    mutating func text(_ plain: String) {
        for scalar in plain.unicodeScalars {
            switch scalar {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&#34;"
            case "'": text += "&#39;"
            // Control characters are not allowed in HTML; their pictures are.
            case "\0"..<"\t", "\u{B}"..<" ": text.unicodeScalars.append(Self.picture(of: scalar))
            case "\u{7F}": text += "\u{2421}"
            default: text.unicodeScalars.append(scalar)
            }
        }
    }

    /// `<tag…>text</tag>`.
    mutating func element(_ open: StaticString, _ plain: String, _ close: StaticString) {
        markup(open)
        text(plain)
        markup(close)
    }

    private static func picture(of scalar: Unicode.Scalar) -> Unicode.Scalar {
        Unicode.Scalar(0x2400 + scalar.value) ?? "\u{FFFD}"
    }
}

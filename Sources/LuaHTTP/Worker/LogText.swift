// SPDX-License-Identifier: MIT

/// Text of scripts and clients on its way to the log: it forges no line and reaches no terminal as a command.
enum LogText {
    /// One line: control characters as `\n`, `\r` and `\xHH`. Tabs stay, `print` makes them.
    static func line(_ text: String) -> String { escape(text, keepsLines: false) }

    /// Several lines, as an excerpt of source code is.
    static func block(_ text: String) -> String { escape(text, keepsLines: true) }

    private static func escape(_ text: String, keepsLines: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x09: escaped.unicodeScalars.append(scalar)
            case 0x0A: escaped += keepsLines ? "\n" : "\\n"
            case 0x0D: escaped += "\\r"
            // DEL and C1: U+009B begins a command as ESC [ does.
            case 0..<0x20, 0x7F..<0xA0:
                let digits = String(scalar.value, radix: 16, uppercase: true)
                escaped += digits.utf8.count == 1 ? "\\x0" + digits : "\\x" + digits
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}

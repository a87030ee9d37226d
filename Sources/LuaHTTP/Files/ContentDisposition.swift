// SPDX-License-Identifier: MIT

/// `Content-Disposition: attachment` with a name to save under, in both forms of RFC 6266 §4.1. Pure.
enum ContentDisposition {
    /// The value. A name in plain ASCII needs one form; any other one that old clients understand roughly and one
    /// in UTF-8 (RFC 8187) that counts for the rest.
    static func attachment(_ name: String) -> [UInt8] {
        // Some browsers decode triplets in the plain form (RFC 6266 appendix D).
        let isPlain = name.utf8.allSatisfy { isQuotable($0) && $0 != ASCII.percent }
        var value = Array("attachment; filename=\"".utf8)
        for scalar in name.unicodeScalars {
            let byte = UInt8(exactly: scalar.value) ?? 0
            value.append(isQuotable(byte) && byte != ASCII.percent ? byte : UInt8(ascii: "_"))
        }
        value.append(ASCII.quote)
        if !isPlain {
            value += Array("; filename*=UTF-8''".utf8)
            PercentCoding.encode(name.utf8, into: &value)
        }
        return value
    }

    /// Stands for itself inside quotes. No slash: a name is no path.
    private static func isQuotable(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7F && byte != ASCII.quote && byte != ASCII.backslash && byte != ASCII.slash
    }
}

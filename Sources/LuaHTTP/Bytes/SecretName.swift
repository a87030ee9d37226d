// SPDX-License-Identifier: MIT

/// Which names promise a value that nobody should read over an author's shoulder: passwords, tokens, cookies.
/// Looks at names only; what a value is, it does not know.
enum SecretName {
    /// Stands for a value that is not shown.
    static let mask = "•••••"

    /// Anywhere in the name.
    private static let parts: [String] = [
        "password", "passwd", "passphrase", "secret", "token", "authorization", "cookie", "credential",
        "session",
        "apikey", "accesskey", "privatekey", "csrf", "xsrf", "cvv", "cardnumber",
    ]
    /// The whole name.
    private static let words: Set<String> = ["pass", "pwd", "pw", "pin", "auth", "jwt", "otp", "sid"]

    /// Letters in any case; `-`, `_` and blanks within do not matter.
    static func isSecret(_ name: String) -> Bool {
        let plain = String(
            decoding: name.utf8.prefix(200).filter { ASCII.isAlpha($0) || ASCII.isDigit($0) }
                .map(ASCII.lowercased), as: UTF8.self)
        return words.contains(plain) || parts.contains { plain.contains($0) }
    }
}

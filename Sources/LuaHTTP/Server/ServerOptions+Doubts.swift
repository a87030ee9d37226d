// SPDX-License-Identifier: MIT

/// Names that were meant for others: of variables in the environment, of commands.
extension ServerOptions {
    /// What ``fill(from:)`` reads, without "LUAHTTPD_".
    static let variables = [
        "HOST", "LOG_LEVEL", "ACCESS_LOG_FORMAT", "ACCESS_LOG_FILE", "METRICS", "READY", "STOP_DELAY",
        "EDITOR",
        "LISTEN", "SOCKET_MODE", "PORT", "WORKERS", "MODE", "ACCESS_LOG", "COMPRESS", "WATCH", "TLS_CERT",
        "TLS_KEY",
        "TLS_SELF_SIGNED", "TLS_REDIRECT", "TLS_HSTS", "TRUSTED_PROXIES", "FORWARDED",
    ]

    /// Variables that nobody reads, and that are nearly one of ours. Others may be the app's own.
    static func doubts(about names: [String]) -> [String] {
        let prefix = "LUAHTTPD_"
        return Set(names).sorted().compactMap { name in
            guard name.hasPrefix(prefix) else { return nil }
            let rest = String(name.dropFirst(prefix.count))
            guard !variables.contains(rest), let meant = Suggestion.closest(to: rest, among: variables) else {
                return nil
            }
            return "\(name) in the environment is no setting (did you mean \(prefix)\(meant)?)"
        }
    }

    /// The one of `commands` that was meant by a word, if it is none of them.
    public static func command(meantBy word: String, among commands: [String]) -> String? {
        commands.contains(word) ? nil : Suggestion.closest(to: word, among: commands)
    }
}

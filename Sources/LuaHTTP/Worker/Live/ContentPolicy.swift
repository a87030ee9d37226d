// SPDX-License-Identifier: MIT

/// Lets one script and one event stream of the server through a Content-Security-Policy of the app (CSP Level 3),
/// and nothing else: the policy that is tested during development stays the app's own.
struct ContentPolicy {
    /// Absolute URLs: a source with a path admits this path only.
    let scriptURL: String
    let streamURL: String
    /// The scheme of the page, "http" or "https".
    let scheme: String
    /// For the tag: a nonce of the app's policy, or our own where nothing else helps.
    private(set) var nonce: String?
    private let ownNonce: String

    init(scheme: String, host: String, scriptPath: String, streamPath: String, nonce: String) {
        self.scheme = scheme
        // A host may have characters that separate sources; it is only the author's own browser that says it.
        let isPlain =
            !host.isEmpty
            && host.utf8.allSatisfy { ASCII.isAlpha($0) || ASCII.isDigit($0) || "-._:[]".utf8.contains($0) }
        scriptURL = isPlain ? "\(scheme)://\(host)\(scriptPath)" : "'self'"
        streamURL = isPlain ? "\(scheme)://\(host)\(streamPath)" : "'self'"
        ownNonce = nonce
    }

    /// The value of a header line, with what is missing added. Several policies of one line hold all at once.
    mutating func admit(in value: String) -> String {
        var policies: [String] = []
        for policy in value.split(separator: ",", omittingEmptySubsequences: false) {
            policies.append(admit(inPolicy: String(policy)))
        }
        return policies.joined(separator: ",")
    }

    private typealias Directives = [(name: String, sources: [String])]

    private mutating func admit(inPolicy policy: String) -> String {
        var directives: Directives = []
        for part in policy.split(separator: ";") {
            let words = part.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
            guard let name = words.first?.lowercased() else { continue }
            // CSP §2.2.1: of two with one name the first counts.
            if !directives.contains(where: { $0.name == name }) {
                directives.append((name, Array(words.dropFirst())))
            }
        }
        let scriptSource = scriptSource(for: directives)
        let connectSources = Self.sources(of: Self.connectNames, in: directives)
        let lacksStream = connectSources.map { !admitsOrigin($0) } ?? false
        guard scriptSource != nil || lacksStream else { return policy }
        if let scriptSource { Self.add(scriptSource, Self.scriptNames, to: &directives) }
        if lacksStream { Self.add(streamURL, Self.connectNames, to: &directives) }
        return directives.map { ([$0.name] + $0.sources).joined(separator: " ") }.joined(separator: "; ")
    }

    /// The directive that decides, and those that stand in for it.
    private static let scriptNames = ["script-src-elem", "script-src", "default-src"]
    private static let connectNames = ["connect-src", "default-src"]

    /// What the policy lacks to admit the script, or nil.
    private mutating func scriptSource(for directives: Directives) -> String? {
        guard let sources = Self.sources(of: Self.scriptNames, in: directives) else { return nil }
        let nonces = sources.compactMap(Self.nonce(of:))
        if let nonce, nonces.contains(nonce) { return nil }
        if nonce == nil, let first = nonces.first {
            nonce = first
            return nil
        }
        let isStrict = sources.contains { $0.lowercased() == "'strict-dynamic'" }
        if !isStrict, admitsOrigin(sources) { return nil }
        // 'strict-dynamic' makes URLs count for nothing, and a nonce would make 'unsafe-inline' count for
        // nothing: so each where the other is not.
        guard isStrict || !nonces.isEmpty else { return scriptURL }
        if nonce == nil { nonce = ownNonce }
        return "'nonce-\(nonce ?? ownNonce)'"
    }

    private func admitsOrigin(_ sources: [String]) -> Bool {
        sources.contains { source in
            let source = source.lowercased()
            return source == "'self'" || source == "*" || source == scheme + ":"
                || (source == "http:" && scheme == "https")
        }
    }

    /// Adds `source` to the first of `names`; where that is not there, it is made of the one that stood in for it.
    private static func add(_ source: String, _ names: [String], to directives: inout Directives) {
        let sources =
            (sources(of: names, in: directives) ?? []).filter { $0.lowercased() != "'none'" } + [source]
        if let index = directives.firstIndex(where: { $0.name == names[0] }) {
            directives[index].sources = sources
        } else {
            directives.append((names[0], sources))
        }
    }

    private static func sources(of names: [String], in directives: Directives) -> [String]? {
        for name in names {
            if let found = directives.first(where: { $0.name == name }) { return found.sources }
        }
        return nil
    }

    /// "'nonce-abc'" → "abc", if it is one that may stand in an attribute.
    private static func nonce(of source: String) -> String? {
        guard source.lowercased().hasPrefix("'nonce-"), source.hasSuffix("'"), source.utf8.count > 8 else {
            return nil
        }
        let nonce = source.dropFirst(7).dropLast()
        let isPlain = nonce.utf8.allSatisfy {
            ASCII.isAlpha($0) || ASCII.isDigit($0) || "+/-_=".utf8.contains($0)
        }
        return isPlain ? String(nonce) : nil
    }
}

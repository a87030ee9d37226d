// SPDX-License-Identifier: MIT

/// Which of several certificates answers to the name that a client asks for (RFC 6066 §3). Pure; knows names only.
struct IdentityChoice: Sendable {
    private var exact: [String: Int] = [:]
    /// "example.com" of "*.example.com".
    private var wildcards: [String: Int] = [:]

    /// - Parameter names: of each certificate in turn; where two have the same name, the first has it.
    init(_ names: [[String]]) {
        for (index, names) in names.enumerated() {
            for name in names {
                let name = name.lowercased()
                if name.hasPrefix("*.") {
                    let parent = String(name.dropFirst(2))
                    if wildcards[parent] == nil { wildcards[parent] = index }
                } else if exact[name] == nil {
                    exact[name] = index
                }
            }
        }
    }

    /// The first for a client that names none, or one that no certificate has: it says so itself.
    func index(for name: String?) -> Int {
        guard var name = name?.lowercased() else { return 0 }
        if name.hasSuffix(".") { name.removeLast() }
        if let index = exact[name] { return index }
        // RFC 9525 §6.3: the asterisk stands for one label.
        guard let dot = name.firstIndex(of: "."), dot != name.startIndex else { return 0 }
        return wildcards[String(name[name.index(after: dot)...])] ?? 0
    }
}

// SPDX-License-Identifier: MIT

/// The settings whose values are lists and tables: addresses, hosts, header fields.
extension ScriptSettings {
    /// "660"
    static func mode(_ stack: LuaStack, _ table: Int32) throws(ScriptError) -> Int? {
        guard stack.getField("socket_mode", of: table) != .nil else { return nil }
        guard let text = stack.string(at: -1), let mode = UnixMode.parse(text) else {
            throw ScriptError(
                message: "app:config: socket_mode must be three octal digits in quotes, such as \"660\"")
        }
        return mode
    }

    /// Encryption and proxies.
    mutating func readTLS(_ stack: LuaStack, _ table: Int32) throws(ScriptError) {
        tlsCertificates = stack.strings("tls_cert", of: table)
        tlsKeys = stack.strings("tls_key", of: table)
        if stack.getField("tls_self_signed", of: table) == .boolean { tlsSelfSigned = stack.isTrue(at: -1) }
        tlsRedirect = stack.stringField("tls_redirect", of: table)
        trustedProxies = stack.strings("trusted_proxies", of: table)
        forwarded = stack.stringField("forwarded", of: table)
        if let forwarded, TrustedProxies.Fields(rawValue: forwarded) == nil {
            throw ScriptError(
                message: "app:config: forwarded = \"\(forwarded)\": \(TrustedProxies.Fields.help)")
        }
        guard stack.getField("tls_hsts", of: table) != .nil else { return }
        guard let span = TimeSpan.parse(stack, at: -1) else {
            throw ScriptError(
                message: "app:config: tls_hsts must be a span such as \"180d\", at most 400 days")
        }
        tlsStrictTransport = span / 1000
    }

    /// `compress = false` or `{ level = 6, min = "2KiB" }`.
    mutating func readCompression(_ stack: LuaStack, _ table: Int32) throws(ScriptError) {
        compresses = stack.booleanField("compress", of: table)
        guard stack.getField("compress", of: table) == .table else { return stack.pop() }
        let options = stack.top
        compresses = true
        stack.pushNil()
        while stack.next(in: options) {
            let name = stack.string(at: -2) ?? "?"
            switch name {
            case "level":
                compressionLevel = stack.integer(at: -1).flatMap { (1...9).contains($0) ? Int($0) : nil }
            case "min": compressionLeast = ByteSize.parse(stack, at: -1)
            default:
                throw ScriptError(
                    message: "app:config: compress: unknown option '\(name)'; options are level, min")
            }
            guard name == "level" ? compressionLevel != nil : compressionLeast != nil else {
                throw ScriptError(
                    message: "app:config: compress: "
                        + (name == "level"
                            ? "level must be a whole number from 1 to 9"
                            : "min must be a size such as \"2KiB\""))
            }
            stack.pop()
        }
        stack.pop()
    }

    /// The fields that every answer gets.
    var standardFields: StandardFields {
        guard case .changes(let changes) = headers else { return .none }
        var fields = StandardFields.defaults.filter { field in
            !changes.keys.contains { $0.lowercased() == field.0.lowercased() }
        }
        for (name, value) in changes.sorted(by: { $0.key < $1.key }) {
            if let value { fields.append((name, value)) }
        }
        return StandardFields(fields.map { (name: $0.0, value: $0.1) })
    }

    /// - Parameter isDevelopment: this machine may be named too.
    func hostList(isDevelopment: Bool) throws(ScriptError) -> HostList? {
        guard let hosts else { return nil }
        do throws(HostList.Invalid) {
            return try HostList(hosts + (isDevelopment ? HostList.loopback : []))
        } catch {
            throw ScriptError(
                message:
                    "app:config: hosts: \"\(error.name)\" is no host name such as \"example.com\" or \"*.example.com\""
            )
        }
    }
}

extension ScriptSettings.HeaderSetting {
    init(readingFrom stack: LuaStack, _ table: Int32) throws(ScriptError) {
        self = .changes([:])
        switch stack.getField("headers", of: table) {
        case .boolean: if !stack.isTrue(at: -1) { self = .none }
        case .table:
            var changes: [String: String?] = [:]
            stack.pushNil()
            while stack.next(in: -2) {
                let name = stack.string(at: -2) ?? ""
                changes[name] = .some(try Self.value(of: name, stack))
                stack.pop()
            }
            guard changes.count <= StandardFields.most - StandardFields.defaults.count else {
                throw ScriptError(message: "app:config: headers: too many fields")
            }
            self = .changes(changes)
        default: break
        }
    }

    private static func value(of name: String, _ stack: LuaStack) throws(ScriptError) -> String? {
        if stack.type(at: -1) == .boolean, !stack.isTrue(at: -1) { return nil }
        guard let text = stack.text(at: -1) else {
            throw ScriptError(
                message: "app:config: headers: the value of \"\(name)\" must be a string, or false for none")
        }
        let refusal = Array(name.utf8).withUnsafeBytes { name in
            text.withUnsafeBytes { HeaderBlock.check(name, $0) }
        }
        switch refusal {
        case nil: return String(decoding: text, as: UTF8.self)
        case .name: throw ScriptError(message: "app:config: headers: \"\(name)\" is no valid name")
        case .value:
            throw ScriptError(
                message: "app:config: headers: the value of \"\(name)\" holds a control character")
        case .reserved:
            throw ScriptError(message: "app:config: headers: \"\(name)\" is set by the server; leave it out")
        }
    }
}

extension LuaStack {
    /// The strings of a field that is one or a list of them; nil when it is not there. [-0, +1]
    func strings(_ name: StaticString, of table: Int32) -> [String]? {
        switch getField(name, of: table) {
        case .string: return string(at: -1).map { [$0] }
        case .table:
            var found: [String] = []
            forEachElement(of: -1) { if let text = string(at: -1) { found.append(text) } }
            return found
        default: return nil
        }
    }
}

/// Rights of a file as three octal digits.
enum UnixMode {
    static func parse(_ text: String) -> Int? {
        guard text.utf8.count == 3 || text.utf8.count == 4 && text.hasPrefix("0"),
            text.utf8.allSatisfy({ (0x30...0x37).contains($0) })
        else { return nil }
        return Int(text, radix: 8)
    }
}

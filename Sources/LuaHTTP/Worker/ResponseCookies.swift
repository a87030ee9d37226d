// SPDX-License-Identifier: MIT

/// `cookies` of a response: name → value, or name → { value = …, max_age = … }; false removes the cookie.
struct ResponseCookies {
    let stack: LuaStack
    let isSecure: Bool

    private static let options: Set<String> = [
        "value", "path", "domain", "max_age", "http_only", "same_site", "secure",
    ]

    /// Reads the table at `table`; adds Set-Cookie lines to `fields`.
    func read(at table: Int32, into fields: inout HeaderBlock) throws(AnswerMistake) {
        stack.pushNil()
        while stack.next(in: table) {
            guard let name = stack.bytes(at: -2).map({ [UInt8]($0) }) else {
                throw AnswerMistake(text: "returned cookies with a name that is not a string")
            }
            var cookie = SetCookie(name: name, value: [], secure: isSecure)
            try readCookie(&cookie)
            stack.pop()
            do throws(SetCookie.Refusal) {
                let value = try cookie.fieldValue(now: Clock.seconds())
                // SetCookie lets nothing through that a header value may not hold.
                value.withUnsafeBytes { try? fields.add("Set-Cookie", $0) }
            } catch {
                let quoted = "\"" + String(decoding: name, as: UTF8.self) + "\""
                throw AnswerMistake(text: "returned the cookie \(quoted), which " + Self.explain(error))
            }
        }
    }

    private static func explain(_ refusal: SetCookie.Refusal) -> String {
        switch refusal {
        case .name: "has a name with characters other than letters, digits and !#$%&'*+-.^_`|~"
        case .value:
            "has a value with spaces, quotes, commas, semicolons, backslashes or bytes beyond ASCII: encode it first"
        case .path: "has a path that does not start with / or has a semicolon"
        case .domain: "has a domain that is not a host name"
        case .maxAge: "has a max_age that is negative"
        case .needsSecure: "browsers drop: same_site = \"none\", __Secure- and __Host- need secure = true"
        case .hostPrefix: "browsers drop: __Host- needs path = \"/\" and no domain"
        }
    }

    /// The value on top of the stack.
    private func readCookie(_ cookie: inout SetCookie) throws(AnswerMistake) {
        switch stack.type(at: -1) {
        case .string, .number:
            cookie.value = stack.text(at: -1) ?? []
        case .boolean where !stack.isTrue(at: -1):
            cookie.maxAge = 0
        case .table:
            try readOptions(stack.absolute(-1), &cookie)
        case let type:
            throw AnswerMistake(
                text: "returned a cookie that is a \(type.name): give a string, or { value = …, max_age = … }"
            )
        }
    }

    private func readOptions(_ table: Int32, _ cookie: inout SetCookie) throws(AnswerMistake) {
        stack.pushNil()
        while stack.next(in: table) {
            let option = stack.string(at: -2) ?? "?"
            switch option {
            case "value": cookie.value = try text(of: option, [.string, .number])
            case "path": cookie.path = try text(of: option, [.string])
            case "domain": cookie.domain = try text(of: option, [.string])
            case "max_age": cookie.maxAge = try seconds()
            case "http_only": cookie.httpOnly = try flag(option)
            case "secure": cookie.secure = try flag(option)
            case "same_site": cookie.sameSite = try sameSite()
            default:
                throw AnswerMistake(
                    text: "returned a cookie with the unknown option '\(option)'; options are "
                        + Self.options.sorted().joined(separator: ", "))
            }
            stack.pop()
        }
    }

    private func sameSite() throws(AnswerMistake) -> SetCookie.SameSite {
        switch stack.string(at: -1)?.lowercased() {
        case "strict": return .strict
        case "lax": return .lax
        case "none": return .none
        default: throw AnswerMistake(text: "returned a cookie whose same_site is not strict, lax or none")
        }
    }

    /// The value on top, of one of the types.
    private func text(of option: String, _ types: [LuaType]) throws(AnswerMistake) -> [UInt8] {
        let type = stack.type(at: -1)
        guard types.contains(type), let text = stack.text(at: -1) else {
            throw AnswerMistake(text: "returned a cookie whose \(option) is a \(type.name), not a string")
        }
        return text
    }

    private func flag(_ option: String) throws(AnswerMistake) -> Bool {
        guard stack.type(at: -1) == .boolean else {
            throw AnswerMistake(text: "returned a cookie whose \(option) is neither true nor false")
        }
        return stack.isTrue(at: -1)
    }

    private func seconds() throws(AnswerMistake) -> Int64 {
        guard let seconds = stack.integer(at: -1) else {
            throw AnswerMistake(text: "returned a cookie whose max_age is not a whole number of seconds")
        }
        return seconds
    }
}

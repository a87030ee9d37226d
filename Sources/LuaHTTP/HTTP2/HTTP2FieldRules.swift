// SPDX-License-Identifier: MIT

internal import NIOHPACK

/// What makes a field section malformed (RFC 9113 §8.1.1): the stream is reset before anybody looks at what it asks.
/// NIOHTTP2 has the same rules and needs a sixth of all the time of a small request for them, because it checks our
/// answers, too, and goes through them as Substrings; so its check is off. Pure.
enum HTTP2FieldRules {
    private struct Pseudo: OptionSet {
        let rawValue: UInt8

        static let method = Pseudo(rawValue: 1)
        static let scheme = Pseudo(rawValue: 2)
        static let path = Pseudo(rawValue: 4)
        static let authority = Pseudo(rawValue: 8)

        /// Nil for those that no request has (RFC 9113 §8.3).
        init?(_ name: String) {
            switch name {
            case ":method": self = .method
            case ":scheme": self = .scheme
            case ":path": self = .path
            case ":authority": self = .authority
            default: return nil
            }
        }

        init(rawValue: UInt8) { self.rawValue = rawValue }
    }

    static func isWellFormed(request block: HPACKHeaders) -> Bool {
        var seen: Pseudo = []
        var isConnect = false
        var fieldsHaveBegun = false
        for (name, value, _) in block {
            if name.utf8.first != ASCII.colon {
                fieldsHaveBegun = true
                guard isField(name, value) else { return false }
                continue
            }
            guard !fieldsHaveBegun, let pseudo = Pseudo(name), seen.isDisjoint(with: pseudo),
                value.allBytes({ $0 > ASCII.space && $0 != 0x7F })
            else { return false }
            seen.formUnion(pseudo)
            if pseudo == .method { isConnect = value == "CONNECT" }
            if pseudo == .path, value.isEmpty { return false }
        }
        // RFC 9113 §8.3.1 and, for CONNECT, §8.5.
        return isConnect
            ? seen == [.method, .authority] : seen.isSuperset(of: [.method, .scheme, .path])
    }

    static func isWellFormed(trailers block: HPACKHeaders) -> Bool {
        for (name, value, _) in block where !isField(name, value) { return false }
        return true
    }

    /// RFC 9113 §8.2. Blanks around a value are left to FieldLine.
    private static func isField(_ name: String, _ value: String) -> Bool {
        guard !name.isEmpty, name.allBytes({ ASCII.isToken($0) && !ASCII.isUppercase($0) }) else {
            return false
        }
        return isAllowed(name, value) && value.allBytes { $0 != 0 && $0 != ASCII.lf && $0 != ASCII.cr }
    }

    /// §8.2.2: what belongs to a connection of HTTP/1.1.
    private static func isAllowed(_ name: String, _ value: String) -> Bool {
        switch name.utf8.count {
        case 2: name != "te" || value == "trailers"
        case 7: name != "upgrade"
        case 10: name != "connection" && name != "keep-alive"
        case 16: name != "proxy-connection"
        case 17: name != "transfer-encoding"
        default: true
        }
    }
}

extension String {
    /// What was decoded lies in one place.
    @inline(__always)
    fileprivate func allBytes(_ isRight: (UInt8) -> Bool) -> Bool {
        utf8.withContiguousStorageIfAvailable { $0.allSatisfy(isRight) } ?? utf8.allSatisfy(isRight)
    }
}

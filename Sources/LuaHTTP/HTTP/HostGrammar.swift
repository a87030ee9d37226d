// SPDX-License-Identifier: MIT

/// `uri-host [ ":" port ]` (RFC 9112 §3.2, RFC 3986 §3.2.2): the grammar of Host and of a target's authority.
/// Does not know which hosts are ours. No userinfo: it has no place in a request (RFC 9110 §4.2.4).
enum HostGrammar {
    static func isValid(_ bytes: UnsafeRawBufferPointer, allowsEmpty: Bool) -> Bool {
        var index = 0
        if bytes.first == 0x5B {  // "["
            index = 1
            while index < bytes.count, isAddress(bytes[index]) { index &+= 1 }
            guard index >= 3, index < bytes.count, bytes[index] == 0x5D else { return false }
            index &+= 1
        } else {
            while index < bytes.count {
                if isName(bytes[index]) {
                    index &+= 1
                } else {
                    guard bytes[index] == ASCII.percent else { break }
                    guard PercentCoding.triplet(bytes, at: index) != nil else { return false }
                    index &+= 3
                }
            }
            guard index > 0 || (allowsEmpty && bytes.isEmpty) else { return false }
        }
        return index == bytes.count || isPort(UnsafeRawBufferPointer(rebasing: bytes[index...]))
    }

    /// ":" and at most 65535; an empty port is allowed by the grammar.
    private static func isPort(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.first == ASCII.colon else { return false }
        let digits = UnsafeRawBufferPointer(rebasing: bytes[1...])
        if digits.isEmpty { return true }
        guard case .value(let port) = ASCII.decimal(digits) else { return false }
        return port <= 65535
    }

    private static func isAddress(_ byte: UInt8) -> Bool {
        ASCII.hexValue(byte) != nil || byte == ASCII.colon || byte == 0x2E
    }

    /// unreserved / sub-delims
    private static func isName(_ byte: UInt8) -> Bool {
        ASCII.Set(low: 0x2BFF_7FD2_0000_0000, high: 0x47FF_FFFE_87FF_FFFE).contains(byte)
    }
}

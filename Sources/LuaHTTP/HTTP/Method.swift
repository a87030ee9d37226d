// SPDX-License-Identifier: MIT

/// Request methods: the ones with a name of their own and everything else. Methods are case-sensitive
/// (RFC 9110 §9.1), so `get` is `other`. Does not know which methods a resource offers.
enum Method: UInt8, Sendable, CaseIterable {
    case get, head, post, put, patch, delete, options, connect, trace, other

    @inline(__always)
    init(_ base: UnsafePointer<UInt8>, count: Int) {
        // SAFETY: each load reads at most `count` bytes.
        switch count {
        case 3:
            let word = UInt32(base[0]) | UInt32(base[1]) &<< 8 | UInt32(base[2]) &<< 16
            self = word == 0x54_45_47 ? .get : word == 0x54_55_50 ? .put : .other
        case 4:
            let word = UnsafeRawPointer(base).loadUnaligned(as: UInt32.self).littleEndian
            self = word == 0x5453_4F50 ? .post : word == 0x4441_4548 ? .head : .other
        default:
            self = Method.long(UnsafeRawBufferPointer(start: base, count: count))
        }
    }

    private static func long(_ bytes: UnsafeRawBufferPointer) -> Method {
        switch bytes.count {
        case 5: ASCII.equals(bytes, "PATCH") ? .patch : ASCII.equals(bytes, "TRACE") ? .trace : .other
        case 6: ASCII.equals(bytes, "DELETE") ? .delete : .other
        case 7: ASCII.equals(bytes, "OPTIONS") ? .options : ASCII.equals(bytes, "CONNECT") ? .connect : .other
        default: .other
        }
    }

    /// Methods that ask and do not change (RFC 9110 §9.2.1).
    var isSafe: Bool {
        switch self {
        case .get, .head, .options, .trace: true
        case .post, .put, .patch, .delete, .connect, .other: false
        }
    }

    /// The method as sent; empty for `other`, whose name only the request head has.
    var name: StaticString {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .patch: "PATCH"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .connect: "CONNECT"
        case .trace: "TRACE"
        case .other: ""
        }
    }
}

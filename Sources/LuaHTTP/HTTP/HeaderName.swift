// SPDX-License-Identifier: MIT

/// Field names the server itself asks about, as small ids, so that "is there a Host?" is one bit test.
/// Does not know what the fields mean.
enum HeaderName: UInt8, Sendable, CaseIterable {
    case te, via, date, host, range, accept, cookie, expect, origin, referer, trailer, upgrade
    case forwarded, connection, ifMatch, ifRange, keepAlive, userAgent, contentType, authorization,
        ifNoneMatch
    case contentLength, acceptEncoding, acceptLanguage, contentEncoding, transferEncoding, ifModifiedSince
    case ifUnmodifiedSince, xForwardedFor, xForwardedHost, xForwardedProto, xRequestID, cacheControl
    case secWebSocketKey, secWebSocketVersion, secWebSocketProtocol, secWebSocketExtensions, secFetchSite
    case xRequestedWith, hxRequest, lastEventID

    static let count = allCases.count

    /// The id of a name in any case, or nil. The bytes must already be a token.
    static func identify(_ name: UnsafeRawBufferPointer) -> HeaderName? {
        @inline(__always) func one(_ text: StaticString, _ id: HeaderName) -> HeaderName? {
            matches(name, text) ? id : nil
        }
        switch name.count {
        case 2: return one("te", .te)
        case 3: return one("via", .via)
        case 4: return one("host", .host) ?? one("date", .date)
        case 5: return one("range", .range)
        case 6:
            return one("accept", .accept) ?? one("cookie", .cookie) ?? one("origin", .origin)
                ?? one("expect", .expect)
        case 7: return one("referer", .referer) ?? one("upgrade", .upgrade) ?? one("trailer", .trailer)
        case 8: return one("if-match", .ifMatch) ?? one("if-range", .ifRange)
        case 9: return one("forwarded", .forwarded)
        case 10:
            return one("user-agent", .userAgent) ?? one("connection", .connection)
                ?? one("keep-alive", .keepAlive) ?? one("hx-request", .hxRequest)
        case 12: return one("content-type", .contentType) ?? one("x-request-id", .xRequestID)
        case 13:
            return one("authorization", .authorization) ?? one("cache-control", .cacheControl)
                ?? one("if-none-match", .ifNoneMatch) ?? one("last-event-id", .lastEventID)
        case 14: return one("content-length", .contentLength) ?? one("sec-fetch-site", .secFetchSite)
        case 15:
            return one("accept-encoding", .acceptEncoding) ?? one("accept-language", .acceptLanguage)
                ?? one("x-forwarded-for", .xForwardedFor)
        case 16:
            return one("content-encoding", .contentEncoding) ?? one("x-forwarded-host", .xForwardedHost)
                ?? one("x-requested-with", .xRequestedWith)
        case 17:
            return one("transfer-encoding", .transferEncoding) ?? one("if-modified-since", .ifModifiedSince)
                ?? one("x-forwarded-proto", .xForwardedProto) ?? one("sec-websocket-key", .secWebSocketKey)
        case 19: return one("if-unmodified-since", .ifUnmodifiedSince)
        case 21: return one("sec-websocket-version", .secWebSocketVersion)
        case 22: return one("sec-websocket-protocol", .secWebSocketProtocol)
        case 24: return one("sec-websocket-extensions", .secWebSocketExtensions)
        default: return nil
        }
    }

    /// `| 0x20` folds case exactly here: no token byte but a letter's other case lands on a letter, digit or
    /// `-`.
    @inline(__always)
    private static func matches(_ name: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        // SAFETY: the caller's switch made `name.count == count`; loads below stay within it.
        guard let left = name.baseAddress else { return false }
        let right = UnsafeRawPointer(text.utf8Start)
        if count < 8 {
            for index in 0..<count
            where left.load(fromByteOffset: index, as: UInt8.self) | 0x20
                != right.load(fromByteOffset: index, as: UInt8.self)
            {
                return false
            }
            return true
        }
        var index = 0
        while true {
            let fold: UInt64 = 0x2020_2020_2020_2020
            let word = left.loadUnaligned(fromByteOffset: index, as: UInt64.self) | fold
            if word != right.loadUnaligned(fromByteOffset: index, as: UInt64.self) { return false }
            if index &+ 8 >= count { return true }
            index = min(index &+ 8, count &- 8)  // the last load overlaps the one before
        }
    }
}

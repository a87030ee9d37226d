// SPDX-License-Identifier: MIT
import NIOCore

/// The chunked transfer coding (RFC 9112 §7.1) as a state machine over single bytes, data copied in bulk.
/// Extensions and trailers are checked and dropped. Does not know what the body is for.
struct ChunkedDecoder {
    private enum State {
        /// In the chunk-size; the value is how many digits were seen.
        case size(digits: Int)
        /// Blanks after the size: only an extension may follow (RFC 9112 §7.1.1 BWS).
        case blanks
        case ext
        case sizeLF
        case data
        case dataCR
        case dataLF
        case trailer
        case done
    }

    private let limits: Limits
    private var state = State.size(digits: 0)
    /// Of the chunk: its size while read, then what is left of it.
    private var remaining = 0
    /// Framing bytes not paid for by data.
    private var excess = 0
    private var trailerLine: [UInt8] = []
    private var trailerBytes = 0
    private var trailerCount = 0

    init(limits: Limits) { self.limits = limits }

    /// Consumes what belongs to the body and counts its data in `received`; beyond `limit` bytes it is
    /// refused. True: the body is complete.
    mutating func decode(
        _ input: inout ByteBuffer, into body: inout ByteBuffer, received: inout Int, limit: Int,
        discards: Bool
    ) throws(HTTPError) -> Bool {
        var failure: HTTPError?
        let consumed = input.withUnsafeReadableBytes { bytes in
            var index = 0
            do throws(HTTPError) {
                while index < bytes.count {
                    if case .done = state { break }
                    guard case .data = state else {
                        try framing(bytes[index], room: limit &- received)
                        index &+= 1
                        continue
                    }
                    let count = min(remaining, bytes.count &- index)
                    if !discards {
                        body.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[index..<(index &+ count)]))
                    }
                    received &+= count
                    remaining &-= count
                    index &+= count
                    if remaining == 0 { state = .dataCR }
                }
            } catch {
                failure = error
            }
            return index
        }
        input.moveReaderIndex(forwardBy: consumed)
        if let failure { throw failure }
        if case .done = state { return true }
        return false
    }

    /// One byte that is not data.
    private mutating func framing(_ byte: UInt8, room: Int) throws(HTTPError) {
        switch state {
        case .size(let digits):
            try size(byte, digits, room)
        case .blanks:
            try pay()
            if byte == ASCII.semicolon { state = .ext } else if !ASCII.isBlank(byte) { throw Self.badSize }
        case .ext:
            try pay()
            if byte == ASCII.cr {
                state = .sizeLF
            } else if byte != ASCII.tab, byte < 0x20 || byte == 0x7F {
                throw HTTPError(400, "invalid chunk extension")
            }
        case .sizeLF:
            guard byte == ASCII.lf else { throw Self.badSize }
            // Each chunk pays for 16 bytes of framing and as many again as it has data.
            excess = max(0, excess &- 16 &- min(remaining, 1 << 30))
            state = remaining == 0 ? .trailer : .data
        case .dataCR:
            guard byte == ASCII.cr else { throw Self.badEnd }
            state = .dataLF
        case .dataLF:
            guard byte == ASCII.lf else { throw Self.badEnd }
            state = .size(digits: 0)
        case .trailer:
            try trailer(byte)
        case .data, .done:
            break
        }
    }

    private mutating func size(_ byte: UInt8, _ digits: Int, _ room: Int) throws(HTTPError) {
        try pay()
        if let digit = ASCII.hexValue(byte) {
            // 16 digits hold every UInt64; 15 of them every size that could be meant, without overflow.
            guard digits < 16, remaining >> 56 == 0 else { throw Self.badSize }
            remaining = (digits == 0 ? 0 : remaining &<< 4) | Int(digit)
            state = .size(digits: digits &+ 1)
            return
        }
        guard digits > 0 else { throw Self.badSize }
        guard remaining <= room else {
            throw HTTPError(413, "request body too large", limit: .bodyBytes)
        }
        switch byte {
        case ASCII.cr: state = .sizeLF
        case ASCII.semicolon: state = .ext
        case ASCII.space, ASCII.tab: state = .blanks
        default: throw Self.badSize
        }
    }

    /// Trailer fields obey the grammar of headers, are counted, and then forgotten.
    private mutating func trailer(_ byte: UInt8) throws(HTTPError) {
        trailerBytes &+= 1
        guard trailerBytes <= limits.trailerBytes else {
            throw HTTPError(431, "trailer section too large", limit: .trailers)
        }
        guard byte == ASCII.lf else { return trailerLine.append(byte) }
        guard trailerLine.last == ASCII.cr else { throw HTTPError(400, "line not ended by CRLF") }
        let end = trailerLine.count &- 1
        guard end > 0 else {
            state = .done
            return
        }
        trailerCount &+= 1
        guard trailerCount <= limits.trailerCount else {
            throw HTTPError(431, "too many trailer fields", limit: .trailers)
        }
        let failure: HTTPError? = trailerLine.withUnsafeBufferPointer { line in
            guard let base = line.baseAddress else { return nil }
            do throws(HTTPError) {
                _ = try FieldLine.parse(base, 0, end)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
        trailerLine.removeAll(keepingCapacity: true)
    }

    /// Accounts for one byte of a chunk-size line (CVE-2023-39326: endless extensions around little data).
    private mutating func pay() throws(HTTPError) {
        excess &+= 1
        guard excess <= limits.chunkOverhead else {
            throw HTTPError(400, "too much chunk overhead", limit: .chunkOverhead)
        }
    }

    private static let badSize = HTTPError(400, "invalid chunk size")
    private static let badEnd = HTTPError(400, "chunk data not ended by CRLF")
}

// SPDX-License-Identifier: MIT

internal import NIOHPACK

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// An answer's head → a header block. Blocks made lately are kept: most answers of a site differ in nothing but the
/// length, and field lines are text that would have to be cut up each time. Confined to a loop; knows no stream.
final class HTTP2ResponseHeads {
    private struct Entry {
        let status: Int
        let length: Int?
        let lines: [UInt8]
        var second: Int64
        var block: HPACKHeaders
    }

    private static let most = 8
    /// Longer ones are not worth keeping.
    private static let longest = 1 << 10

    private var entries: [Entry] = []
    private var next = 0
    private var second: Int64 = -1
    private var date = ""
    /// Strict-Transport-Security, for connections that are encrypted.
    private let strictTransport: String?

    init(strictTransport: String?) { self.strictTransport = strictTransport }

    /// - Parameters:
    ///   - lines: as in ResponseHead.
    ///   - length: of the body, nil if it is not known.
    func block(
        status: Int, lines: UnsafeRawBufferPointer, length: Int?, isEncrypted: Bool,
        now: Int64 = Clock.seconds()
    ) -> HPACKHeaders {
        // Encrypted connections have other heads where there is something to say to them.
        let kept = strictTransport == nil || isEncrypted
        if kept {
            for entry in entries
            where entry.second == now && entry.status == status && entry.length == length
                && Self.isEqual(entry.lines, lines)
            {
                return entry.block
            }
        }
        let block = make(status, lines, length, isEncrypted, now)
        if kept, lines.count <= Self.longest {
            let entry = Entry(status: status, length: length, lines: Array(lines), second: now, block: block)
            if entries.count < Self.most { entries.append(entry) } else { entries[next] = entry }
            next = next &+ 1 < Self.most ? next &+ 1 : 0
        }
        return block
    }

    private static func isEqual(_ kept: [UInt8], _ lines: UnsafeRawBufferPointer) -> Bool {
        guard kept.count == lines.count else { return false }
        guard let start = lines.baseAddress else { return true }
        return kept.withUnsafeBytes { $0.baseAddress.map { memcmp($0, start, lines.count) == 0 } ?? true }
    }

    private func make(
        _ status: Int, _ lines: UnsafeRawBufferPointer, _ length: Int?, _ isEncrypted: Bool, _ now: Int64
    ) -> HPACKHeaders {
        if now != second {
            second = now
            date = String(decoding: HTTPDate.bytes(now), as: UTF8.self)
        }
        var block = HPACKHeaders()
        block.reserveCapacity(12)
        block.add(name: ":status", value: "\(status)")
        block.add(name: "date", value: date)
        if let length { block.add(name: "content-length", value: "\(length)", indexing: .nonIndexable) }
        if isEncrypted, let strictTransport {
            block.add(name: "strict-transport-security", value: strictTransport)
        }
        Self.add(lines, to: &block)
        return block
    }

    /// `Name: value\r\n`, each of them.
    private static func add(_ lines: UnsafeRawBufferPointer, to block: inout HPACKHeaders) {
        var start = lines.startIndex
        while start < lines.endIndex {
            let end = lines[start...].firstIndex(of: ASCII.lf) ?? lines.endIndex
            defer { start = end &+ 1 }
            let line = UnsafeRawBufferPointer(rebasing: lines[start..<min(end, lines.endIndex)])
            guard let colon = line.firstIndex(of: ASCII.colon) else { continue }
            let name = line[..<colon]
            // HPACKHeaders traps at a name that is not ASCII; HeaderBlock lets none pass.
            guard !name.isEmpty, name.allSatisfy(ASCII.isToken) else { continue }
            let text = String(decoding: name.map(ASCII.lowercased), as: UTF8.self)
            guard let indexing = indexing(of: text) else { continue }
            let value = ASCII.trimmed(
                UnsafeRawBufferPointer(rebasing: line[(colon + 1)...].prefix { $0 != ASCII.cr }))
            block.add(name: text, value: String(decoding: value, as: UTF8.self), indexing: indexing)
        }
    }

    /// Nil: belongs to HTTP/1.1 connections (RFC 9113 §8.2.2).
    private static func indexing(of name: String) -> HPACKIndexing? {
        switch name {
        case "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade": nil
        // RFC 7541 §7.1.3: what is secret is not kept where its length could be guessed at.
        case "set-cookie", "authorization": .neverIndexed
        // Differ from answer to answer, and would only push others out of the table.
        case "etag", "last-modified", "content-range", "location", "age", "content-length": .nonIndexable
        default: .indexable
        }
    }
}

@available(*, unavailable)
extension HTTP2ResponseHeads: Sendable {}

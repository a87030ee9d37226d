// SPDX-License-Identifier: MIT
import NIOCore

/// Header lines that every answer gets unless it sets them itself: made up once, copied as one block.
/// Does not know what they mean; `defaults` are those that protect pages whose author said nothing.
final class StandardFields: Sendable {
    /// No guessing of types; pages of other sites may not frame ours; other sites see our origin at most.
    static let defaults = [
        ("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "SAMEORIGIN"),
        ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ]

    static let none = StandardFields([])

    /// All lines.
    let block: ByteBuffer
    private let names: [[UInt8]]
    private let lines: [ByteBuffer]
    /// Bit n: there is a name of n bytes.
    private let lengths: UInt64

    /// A set of these fields.
    typealias Members = UInt64
    /// One bit is left for Cache-Control.
    static let most = 63

    /// - Parameter fields: at most `most`, with valid names and values; names differ.
    convenience init(_ fields: [(name: String, value: String)]) { self.init(all: fields.prefix(Self.most)) }

    private init(all fields: some Sequence<(name: String, value: String)>) {
        let fields = Array(fields)
        names = fields.map { $0.name.utf8.map(ASCII.lowercased) }
        lines = fields.map { ByteBuffer(string: "\($0.name): \($0.value)\r\n") }
        block = lines.reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1) }
        lengths = names.reduce(0) { $0 | 1 &<< UInt64(min($1.count, 63)) }
    }

    /// As they were given.
    var listed: [(name: String, value: String)] {
        lines.compactMap { line in
            let bytes = line.readableBytesView.dropLast(2)  // not of a String: CR LF is one character there
            guard let colon = bytes.firstIndex(of: ASCII.colon) else { return nil }
            return (
                String(decoding: bytes[..<colon], as: UTF8.self),
                String(decoding: bytes[colon...].dropFirst(2), as: UTF8.self)
            )
        }
    }

    /// These for answers to errors, which no cache is to keep, whatever is said of pages (RFC 9111 §4.2.2: a 404 may
    /// be kept unless something forbids it).
    var uncached: StandardFields {
        let others = listed.filter { $0.name.lowercased() != "cache-control" }
        return StandardFields(all: others + [("Cache-Control", "no-store")])
    }

    /// The field of that name as a set; almost always a test of one bit.
    @inline(__always)
    func member(_ name: UnsafeRawBufferPointer) -> Members {
        lengths & 1 &<< UInt64(min(name.count, 63)) == 0 ? 0 : search(name)
    }

    private func search(_ name: UnsafeRawBufferPointer) -> Members {
        for (index, candidate) in names.enumerated()
        where candidate.count == name.count && candidate.elementsEqual(name.lazy.map(ASCII.lowercased)) {
            return 1 &<< UInt64(index)
        }
        return 0
    }

    /// Appends all lines but those of the members.
    func write(to buffer: inout ByteBuffer, without members: Members) {
        guard members != 0 else { return _ = buffer.writeImmutableBuffer(block) }
        for (index, line) in lines.enumerated() where members & 1 &<< UInt64(index) == 0 {
            buffer.writeImmutableBuffer(line)
        }
    }
}

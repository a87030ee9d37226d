// SPDX-License-Identifier: MIT
import NIOCore

/// Response field lines under construction: `Name: value\r\n` after `Name: value\r\n`, each checked when it
/// is added, so that nothing an author passes in can split a response. Does not know what the fields mean.
struct HeaderBlock {
    /// Why a field was refused; for the author of the script.
    enum Refusal: Error, Equatable {
        /// Not an RFC 9110 token.
        case name
        /// Holds CR, LF, NUL or another control character.
        case value
        /// Belongs to the server: framing and connection management.
        case reserved
    }

    private(set) var bytes = ByteBuffer()
    private var standard: StandardFields?
    /// Those that the answer sets itself, or does without.
    private var replaced: StandardFields.Members = 0

    /// Starts an answer that will get these fields too.
    mutating func begin(_ standard: StandardFields) {
        bytes.clear()
        self.standard = standard
        replaced = 0
    }

    /// Adds the standard fields that the answer has not set.
    mutating func finish() {
        standard?.write(to: &bytes, without: replaced)
        standard = nil
    }

    /// The answer does without this standard field.
    mutating func omit(_ name: UnsafeRawBufferPointer) {
        if let standard { replaced |= standard.member(name) }
    }

    @inline(__always)
    mutating func omit(_ name: StaticString) {
        omit(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    }

    mutating func add(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(Refusal) {
        if let refusal = HeaderBlock.check(name, value) { throw refusal }
        omit(name)
        bytes.writeBytes(name)
        bytes.writeStaticString(": ")
        bytes.writeBytes(ASCII.trimmed(value))
        bytes.writeStaticString("\r\n")
    }

    mutating func add(_ name: StaticString, _ value: UnsafeRawBufferPointer) throws(Refusal) {
        try add(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount), value)
    }

    /// Content-Type, which nearly every answer has: only its value can be wrong.
    mutating func addContentType(_ value: UnsafeRawBufferPointer) throws(Refusal) {
        guard HeaderBlock.isValue(value) else { throw .value }
        omit("Content-Type")
        bytes.writeStaticString("Content-Type: ")
        bytes.writeBytes(ASCII.trimmed(value))
        bytes.writeStaticString("\r\n")
    }

    /// The type of a page.
    mutating func addPageType() {
        omit("Content-Type")
        bytes.writeStaticString("Content-Type: text/html; charset=utf-8\r\n")
    }

    /// Lines that the server made itself.
    mutating func append(_ lines: ByteBuffer) { bytes.writeImmutableBuffer(lines) }

    mutating func append(_ lines: StaticString) { bytes.writeStaticString(lines) }

    /// Those of them that are not there yet; Set-Cookie is one for each cookie.
    mutating func addMissing(_ lines: ByteBuffer) {
        let own = bytes
        lines.withUnsafeReadableBytes { lines in
            AnswerFields.forEachLine(of: lines) { name, _, line in
                if !Self.contains(name, own) || ASCII.equalsIgnoringCase(name, "set-cookie") {
                    omit(name)
                    bytes.writeBytes(lines[line])
                }
            }
        }
    }

    private static func contains(_ name: UnsafeRawBufferPointer, _ lines: ByteBuffer) -> Bool {
        var isFound = false
        lines.withUnsafeReadableBytes { lines in
            AnswerFields.forEachLine(of: lines) { other, _, _ in
                if name.elementsEqual(other, by: { ASCII.lowercased($0) == ASCII.lowercased($1) }) {
                    isFound = true
                }
            }
        }
        return isFound
    }

    mutating func removeAll() { bytes.clear() }

    static func check(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Refusal? {
        guard isName(name) else { return .name }
        guard isValue(value) else { return .value }
        return isReserved(name) ? .reserved : nil
    }

    static func isName(_ bytes: UnsafeRawBufferPointer) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy(ASCII.isToken)
    }

    /// HTAB, visible ASCII, space and obs-text.
    static func isValue(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress else { return true }
        // SAFETY: bytes are bytes; the bound is the buffer's own.
        return ByteScanner.findControl(in: base.assumingMemoryBound(to: UInt8.self), from: 0, to: bytes.count)
            == nil
    }

    static func isReserved(_ name: UnsafeRawBufferPointer) -> Bool {
        switch name.count {
        case 2: ASCII.equalsIgnoringCase(name, "te")
        case 4: ASCII.equalsIgnoringCase(name, "date")
        case 7: ASCII.equalsIgnoringCase(name, "trailer")
        case 10: ASCII.equalsIgnoringCase(name, "connection") || ASCII.equalsIgnoringCase(name, "keep-alive")
        case 14: ASCII.equalsIgnoringCase(name, "content-length")
        case 17: ASCII.equalsIgnoringCase(name, "transfer-encoding")
        default: false
        }
    }
}

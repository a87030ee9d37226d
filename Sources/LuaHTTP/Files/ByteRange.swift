// SPDX-License-Identifier: MIT

/// The Range field (RFC 9110 §14.2) of a request for something whose length is known.
/// Pure; whether Range counts at all (GET, If-Range) is the caller's.
enum ByteRange: Equatable {
    /// No range this server serves: the whole is sent. Also for more than one range, which RFC 9110
    /// §14.2 leaves to the server, and no client but an attacker's misses.
    case whole
    case part(Range<Int64>)
    case unsatisfiable

    init(_ field: UnsafeRawBufferPointer, length: Int64) {
        self = .whole
        // A file without bytes has no part of itself.
        guard length > 0, let equals = field.firstIndex(of: ASCII.equals),
            ASCII.equalsIgnoringCase(UnsafeRawBufferPointer(rebasing: field[..<equals]), "bytes")
        else { return }
        let spec = ASCII.trimmed(UnsafeRawBufferPointer(rebasing: field[(equals + 1)...]))
        guard let dash = spec.firstIndex(of: UInt8(ascii: "-")) else { return }
        let first = Self.position(spec[..<dash])
        let last = Self.position(spec[(dash + 1)...])
        switch (first, last) {
        case (.none, .value(let suffix)):
            self = suffix == 0 ? .unsatisfiable : .part(max(0, length - suffix)..<length)
        case (.value(let first), .none):
            self = first < length ? .part(first..<length) : .unsatisfiable
        case (.value(let first), .value(let last)) where first <= last:
            // `last` is below Int64.max only if it is not beyond the file.
            self = first < length ? .part(first..<min(last, length - 1) + 1) : .unsatisfiable
        default: return
        }
    }

    private enum Position {
        case none, invalid
        /// Int64.max stands for all that is greater.
        case value(Int64)
    }

    private static func position(_ digits: Slice<UnsafeRawBufferPointer>) -> Position {
        if digits.isEmpty { return .none }
        switch ASCII.decimal(UnsafeRawBufferPointer(rebasing: digits)) {
        case .value(let value): return .value(Int64(value))
        case .overflow: return .value(.max)
        case .invalid: return .invalid
        }
    }
}

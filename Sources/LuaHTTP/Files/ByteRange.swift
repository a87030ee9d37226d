// SPDX-License-Identifier: MIT

/// The Range field (RFC 9110 §14.2) of a request for something whose length is known.
/// Pure; whether Range counts at all (GET, If-Range) is the caller's.
enum ByteRange: Equatable {
    /// No range that this server serves: the whole is sent, as RFC 9110 §14.2 allows.
    case whole
    case part(Range<Int64>)
    /// At least two, in the order asked for (RFC 9110 §15.3.7.2).
    case parts([Range<Int64>])
    case unsatisfiable

    /// More ranges, more overlaps or more bytes than the whole has are an attack (RFC 9110 §17.15,
    /// CVE-2011-3192): the whole is cheaper.
    private static let mostRanges = 16
    private static let mostOverlaps = 2

    init(_ field: UnsafeRawBufferPointer, length: Int64) {
        self = .whole
        // A file without bytes has no part of itself.
        guard length > 0, let equals = field.firstIndex(of: ASCII.equals),
            ASCII.equalsIgnoringCase(UnsafeRawBufferPointer(rebasing: field[..<equals]), "bytes")
        else { return }
        var list = FieldList(UnsafeRawBufferPointer(rebasing: field[(equals + 1)...]))
        var ranges: [Range<Int64>] = []
        var count = 0
        while let spec = list.next() {
            count += 1
            guard count <= Self.mostRanges else { return }
            switch Self.range(spec, length) {
            case .satisfiable(let range): ranges.append(range)
            case .beyond: break
            case .invalid: return
            }
        }
        switch ranges.count {
        case 0: if count > 0 { self = .unsatisfiable }
        case 1: self = .part(ranges[0])
        default: if Self.isWorthIt(ranges, length) { self = .parts(ranges) }
        }
    }

    private enum Spec { case satisfiable(Range<Int64>), beyond, invalid }

    private static func range(_ spec: UnsafeRawBufferPointer, _ length: Int64) -> Spec {
        guard let dash = spec.firstIndex(of: UInt8(ascii: "-")) else { return .invalid }
        switch (position(spec[..<dash]), position(spec[(dash + 1)...])) {
        case (.none, .value(let suffix)):
            return suffix == 0 ? .beyond : .satisfiable(max(0, length - suffix)..<length)
        case (.value(let first), .none):
            return first < length ? .satisfiable(first..<length) : .beyond
        case (.value(let first), .value(let last)) where first <= last:
            // `last` is below Int64.max only if it is not beyond the file.
            return first < length ? .satisfiable(first..<min(last, length - 1) + 1) : .beyond
        default: return .invalid
        }
    }

    private static func isWorthIt(_ ranges: [Range<Int64>], _ length: Int64) -> Bool {
        var overlaps = 0
        var total: Int64 = 0
        for (index, range) in ranges.enumerated() {
            let (sum, overflow) = total.addingReportingOverflow(Int64(range.count))
            guard !overflow, sum <= length else { return false }
            total = sum
            for earlier in ranges[..<index] where earlier.overlaps(range) { overlaps += 1 }
        }
        return overlaps <= mostOverlaps
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

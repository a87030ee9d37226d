// SPDX-License-Identifier: MIT

/// A content coding (RFC 9110 §8.4.1) that answers may have; what requests have is ContentCoding's. The order is that
/// of preference among equals: the later, the smaller the result as a rule.
enum AnswerCoding: Int, CaseIterable, Sendable {
    case identity, deflate, gzip, zstd, br

    /// As in Content-Encoding.
    var name: StaticString {
        switch self {
        case .identity: "identity"
        case .deflate: "deflate"
        case .gzip: "gzip"
        case .zstd: "zstd"
        case .br: "br"
        }
    }

    /// Of a precompressed neighbour; empty for those that are not kept in files.
    var fileExtension: StaticString {
        switch self {
        case .identity, .deflate: ""
        case .gzip: ".gz"
        case .zstd: ".zst"
        case .br: ".br"
        }
    }
}

/// What Accept-Encoding (RFC 9110 §12.5.3) allows and prefers. Weights are thousandths. Knows codings, not files.
struct AcceptEncoding: Equatable {
    /// By AnswerCoding; -1 where the field says nothing.
    private var weights: InlineArray<5, Int16> = .init(repeating: -1)
    private var others: Int16 = -1

    init() {}

    /// What all lines of a request's field say together.
    init(of head: borrowing RequestHead) {
        var line = head.headers.firstIndex(.acceptEncoding)
        while let index = line {
            add(head.value(index))
            line = head.headers.nextIndex(.acceptEncoding, after: index)
        }
    }

    static func == (left: AcceptEncoding, right: AcceptEncoding) -> Bool {
        left.others == right.others
            && AnswerCoding.allCases.allSatisfy { left.weight($0) == right.weight($0) }
    }

    /// Adds one line of the field.
    mutating func add(_ line: UnsafeRawBufferPointer) {
        var list = FieldList(line)
        while let element = list.next() {
            let end = element.firstIndex(of: ASCII.semicolon) ?? element.endIndex
            let name = ASCII.trimmed(UnsafeRawBufferPointer(rebasing: element[..<end]))
            let weight = Self.weight(UnsafeRawBufferPointer(rebasing: element[end...]))
            if ASCII.equals(name, "*") {
                others = weight
            } else if ASCII.equalsIgnoringCase(name, "x-gzip") {
                weights[AnswerCoding.gzip.rawValue] = weight
            } else {
                for coding in AnswerCoding.allCases where ASCII.equalsIgnoringCase(name, coding.name) {
                    weights[coding.rawValue] = weight
                }
            }
        }
    }

    /// 0: not acceptable. Identity always is, unless it is ruled out, and is the last choice unless it is named.
    func weight(_ coding: AnswerCoding) -> Int16 {
        let named = weights[coding.rawValue]
        if named >= 0 { return named }
        if others >= 0, coding != .identity || others == 0 { return others }
        return coding == .identity ? 1 : 0
    }

    /// The best of those that `isAvailable`; identity, if nothing else is acceptable: RFC 9110 §12.5.3 leaves
    /// a server to send what it has.
    func best(_ isAvailable: (AnswerCoding) -> Bool) -> AnswerCoding {
        var best = AnswerCoding.identity
        for coding in AnswerCoding.allCases
        where coding != .identity && isAvailable(coding) && weight(coding) > 0
            && weight(coding) >= weight(best)
        {
            best = coding
        }
        return best
    }

    /// `;q=0.5`: thousandths (RFC 9110 §12.4.2); without one 1000, with an invalid one 0.
    private static func weight(_ parameters: UnsafeRawBufferPointer) -> Int16 {
        guard !parameters.isEmpty else { return 1000 }
        let text = ASCII.trimmed(UnsafeRawBufferPointer(rebasing: parameters[1...]))
        guard text.count >= 3, text[0] | 0x20 == UInt8(ascii: "q"), text[1] == ASCII.equals else { return 0 }
        let digits = UnsafeRawBufferPointer(rebasing: text[2...])
        guard digits.count <= 5, digits[0] == 0x30 || digits[0] == 0x31 else { return 0 }
        var value: Int16 = Int16(digits[0] &- 0x30) &* 1000
        guard digits.count > 1 else { return value }
        guard digits[1] == 0x2E else { return 0 }
        var unit: Int16 = 100
        for digit in digits.dropFirst(2) {
            guard ASCII.isDigit(digit) else { return 0 }
            value &+= Int16(digit &- 0x30) &* unit
            unit /= 10
        }
        return min(value, 1000)
    }
}

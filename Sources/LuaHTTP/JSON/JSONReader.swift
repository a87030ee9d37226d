// SPDX-License-Identifier: MIT

/// Strict JSON (RFC 8259) to Lua values. Knows a stack and bytes, nothing of requests.
///
/// Arrays are marked as such, so that `[]` stays `[]`; null is `luahttpd.null`; a number without fraction or
/// exponent is an integer if it fits 64 bits, else a float. Of equal names the last one counts.
struct JSONReader {
    private let bytes: UnsafeRawBufferPointer
    private let stack: LuaStack
    private let vm: LuaVM?
    private var index = 0
    private var depth = 0
    private var values = 0
    private var hasCollected = false
    /// A string with escapes, decoded.
    private var decoded: [UInt8] = []

    /// Pushes the value of a whole text; nothing if it throws. [-0, +1]
    ///
    /// With `vm`, a text whose values do not fit that VM's memory limit is refused: a short text can hold
    /// very many tables.
    static func push(
        _ bytes: UnsafeRawBufferPointer, on stack: LuaStack, limitedBy vm: LuaVM? = nil
    ) throws(JSONError) {
        let top = stack.top
        var reader = JSONReader(bytes: bytes, stack: stack, vm: vm)
        do throws(JSONError) {
            try reader.document()
        } catch {
            stack.top = top
            throw error
        }
    }

    private init(bytes: UnsafeRawBufferPointer, stack: LuaStack, vm: LuaVM?) {
        self.bytes = bytes
        self.stack = stack
        self.vm = vm
    }

    private mutating func document() throws(JSONError) {
        guard stack.reserve(2) else { throw failure("the Lua stack is full") }
        skipBlanks()
        try value()
        skipBlanks()
        guard index == bytes.count else { throw failure("unexpected \(found) after the value") }
    }

    private mutating func value() throws(JSONError) {
        try checkMemory()
        guard index < bytes.count else { throw failure("a value is missing") }
        switch bytes[index] {
        case ASCII.quote: try string()
        case UInt8(ascii: "{"): try object()
        case UInt8(ascii: "["): try array()
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
        case UInt8(ascii: "t"):
            try word("true")
            stack.push(true)
        case UInt8(ascii: "f"):
            try word("false")
            stack.push(false)
        case UInt8(ascii: "n"):
            try word("null")
            stack.pushNull()
        default: throw failure("expected a value, found \(found)")
        }
    }

    private mutating func word(_ text: StaticString) throws(JSONError) {
        let end = index + text.utf8CodeUnitCount
        guard end <= bytes.count, ASCII.equals(UnsafeRawBufferPointer(rebasing: bytes[index..<end]), text)
        else {
            throw failure("expected a value; the only words are true, false and null")
        }
        index = end
    }

    private mutating func number() throws(JSONError) {
        let number: DecimalNumber
        do throws(DecimalNumber.Failure) {
            number = try DecimalNumber(bytes, at: index)
        } catch {
            switch error {
            case .notFinite: throw failure("the number is too large")
            case .missingDigit(let position):
                index = position
                throw failure("expected a digit, found \(found)")
            }
        }
        guard !number.hasLeadingZero else { throw failure("a number must not begin with 0") }
        index = number.end
        switch number.value {
        case .integer(let value): stack.push(value)
        case .float(let value): stack.push(value)
        }
    }
}

// MARK: - Arrays and objects

extension JSONReader {
    private mutating func array() throws(JSONError) {
        try enter()
        stack.pushTable()
        let table = stack.top
        stack.mark(table, as: .array)
        if close(UInt8(ascii: "]")) { return }
        var position: Int64 = 0
        while true {
            skipBlanks()
            try value()
            position += 1
            stack.setIndex(position, of: table)
            if close(UInt8(ascii: "]")) { return }
            guard skip(ASCII.comma) else { throw failure("expected ',' or ']', found \(found)") }
        }
    }

    private mutating func object() throws(JSONError) {
        try enter()
        stack.pushTable()
        let table = stack.top
        if close(UInt8(ascii: "}")) { return }
        while true {
            skipBlanks()
            guard index < bytes.count, bytes[index] == ASCII.quote else {
                throw failure("expected a name in double quotes, found \(found)")
            }
            try string()
            skipBlanks()
            guard skip(ASCII.colon) else { throw failure("expected ':' after a name, found \(found)") }
            skipBlanks()
            try value()
            stack.set(in: table)
            if close(UInt8(ascii: "}")) { return }
            guard skip(ASCII.comma) else { throw failure("expected ',' or '}', found \(found)") }
        }
    }

    private mutating func enter() throws(JSONError) {
        guard depth < JSONLimits.depth else {
            throw failure("arrays and objects deeper than \(JSONLimits.depth)")
        }
        // A table, a name and a value, and what marking and setting take.
        guard stack.reserve(6) else { throw failure("the Lua stack is full") }
        depth += 1
        index += 1
    }

    /// Skips blanks and the closing bracket, if it is there.
    private mutating func close(_ bracket: UInt8) -> Bool {
        skipBlanks()
        guard skip(bracket) else { return false }
        depth -= 1
        return true
    }

    private mutating func skip(_ byte: UInt8) -> Bool {
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    /// RFC 8259 §2: these four and no others.
    private mutating func skipBlanks() {
        while index < bytes.count {
            switch bytes[index] {
            case ASCII.space, ASCII.lf, ASCII.cr, ASCII.tab: index += 1
            default: return
            }
        }
    }
}

// MARK: - Strings

extension JSONReader {
    /// Pushes the string whose opening quote is next.
    private mutating func string() throws(JSONError) {
        index += 1
        let start = index
        try skipText()
        if bytes[index] == ASCII.quote {
            try push(UnsafeRawBufferPointer(rebasing: bytes[start..<index]))
        } else {
            decoded.removeAll(keepingCapacity: true)
            decoded.append(contentsOf: bytes[start..<index])
            while bytes[index] == ASCII.backslash {
                try escape()
                let start = index
                try skipText()
                decoded.append(contentsOf: bytes[start..<index])
            }
            // No `try` inside the closure: it would erase the type of the error.
            guard decoded.withUnsafeBytes({ stack.push($0) }) else { throw tooLong }
        }
        index += 1
    }

    private func push(_ text: UnsafeRawBufferPointer) throws(JSONError) {
        guard stack.push(text) else { throw tooLong }
    }

    private var tooLong: JSONError { failure("the string is too long") }

    /// Up to a quote or a backslash.
    private mutating func skipText() throws(JSONError) {
        while true {
            index = JSONString.endOfPlain(bytes, from: index)
            guard index < bytes.count else { throw failure("the string has no end") }
            switch bytes[index] {
            case ASCII.quote, ASCII.backslash: return
            case 0..<0x20:
                throw failure("a control character in a string is written as \\n, \\t or \\u00xx")
            default:
                let length = UTF8Sequence.length(bytes, at: index)
                guard length > 0 else { throw failure("invalid UTF-8 at byte \(index)") }
                index += length
            }
        }
    }

    private mutating func escape() throws(JSONError) {
        let start = index
        let letter = index + 1 < bytes.count ? bytes[index + 1] : 0
        index += 2
        switch letter {
        case ASCII.quote, ASCII.backslash, ASCII.slash: decoded.append(letter)
        case UInt8(ascii: "b"): decoded.append(0x08)
        case UInt8(ascii: "f"): decoded.append(0x0C)
        case UInt8(ascii: "n"): decoded.append(0x0A)
        case UInt8(ascii: "r"): decoded.append(0x0D)
        case UInt8(ascii: "t"): decoded.append(0x09)
        case UInt8(ascii: "u"): UTF8Sequence.append(try scalar(from: start), to: &decoded)
        default:
            index = start
            throw failure("unknown escape after '\\'")
        }
    }

    /// The character of `\uXXXX`, or of two of them that are a surrogate pair (RFC 8259 §7).
    private mutating func scalar(from start: Int) throws(JSONError) -> UInt32 {
        let first = try codeUnit(from: start)
        switch first {
        case 0xD800..<0xDC00:
            let second = index
            if bytes.count - index >= 2, bytes[index] == ASCII.backslash,
                bytes[index + 1] == UInt8(ascii: "u")
            {
                index += 2
                let low = try codeUnit(from: second)
                if (0xDC00..<0xE000).contains(low) {
                    return 0x1_0000 + (first - 0xD800) << 10 + (low - 0xDC00)
                }
            }
            index = start
            throw failure("half of a surrogate pair")
        case 0xDC00..<0xE000:
            index = start
            throw failure("half of a surrogate pair")
        default: return first
        }
    }

    private mutating func codeUnit(from start: Int) throws(JSONError) -> UInt32 {
        var unit: UInt32 = 0
        for position in index..<index + 4 {
            guard position < bytes.count, let digit = ASCII.hexValue(bytes[position]) else {
                index = start
                throw failure("four hexadecimal digits belong after '\\u'")
            }
            unit = unit << 4 | UInt32(digit)
        }
        index += 4
        return unit
    }
}

// MARK: - Failures

extension JSONReader {
    /// Every few thousand values: garbage of the script may be in the way once, so it is collected once.
    private mutating func checkMemory() throws(JSONError) {
        values &+= 1
        guard values & 0xFFF == 0, let vm, vm.isOverMemoryLimit else { return }
        if !hasCollected {
            hasCollected = true
            vm.collectGarbage()
            guard vm.isOverMemoryLimit else { return }
        }
        throw failure("too many values for the memory of the script")
    }

    /// What is at `index`, for a message.
    private var found: String {
        guard index < bytes.count else { return "the end" }
        let length = max(1, UTF8Sequence.length(bytes, at: index))
        let byte = bytes[index]
        if byte < 0x20 || byte == 0x7F || (byte >= 0x80 && length == 1) {
            return "byte 0x\(String(byte, radix: 16, uppercase: true))"
        }
        return "'\(String(decoding: bytes[index..<index + length], as: UTF8.self))'"
    }

    @inline(never)
    private func failure(_ reason: String) -> JSONError {
        let before = bytes[..<min(index, bytes.count)]
        let line = before.lastIndex(of: ASCII.lf).map { $0 + 1 } ?? 0
        return .unreadable(
            reason: reason, line: before.count { $0 == ASCII.lf } + 1,
            // Bytes that continue a character do not begin a column.
            column: before[line...].count { $0 & 0xC0 != 0x80 } + 1, offset: index)
    }
}

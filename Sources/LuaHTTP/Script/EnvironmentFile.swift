// SPDX-License-Identifier: MIT

/// `.env`: names and values that stand in for environment variables that are not set. Pure: from bytes to pairs.
///
/// ```
/// # a comment
/// DATABASE=app.db                 # and another
/// export GREETING="Hello,\n$USER" # \n \t \r \" \\ in double quotes; $ is a letter like others
/// PASSWORD='as # it is'
/// ```
struct EnvironmentFile {
    struct Mistake: Error, Equatable {
        var line: Int
        var message: String
    }

    /// In the order of the file; of a name that comes twice, the last.
    private(set) var values: [String: String] = [:]

    init() {}

    init(_ bytes: [UInt8]) throws(Mistake) {
        var rest = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...]
        var line = 1
        while !rest.isEmpty { try readLine(&rest, &line) }
    }

    private mutating func readLine(_ rest: inout ArraySlice<UInt8>, _ line: inout Int) throws(Mistake) {
        Self.skipBlanks(&rest)
        let start = line
        if !Self.isAtEnd(rest) {
            var name = Self.takeName(&rest)
            if name == "export", rest.first.map(Self.isBlank) == true {
                Self.skipBlanks(&rest)
                name = Self.takeName(&rest)
            }
            Self.skipBlanks(&rest)
            guard !name.isEmpty, rest.popFirst() == UInt8(ascii: "=") else {
                throw Mistake(line: start, message: "expected NAME=value")
            }
            Self.skipBlanks(&rest)
            values[name] = try Self.takeValue(&rest, &line)
            Self.skipBlanks(&rest)
            guard Self.isAtEnd(rest) else {
                throw Mistake(line: start, message: "unexpected text after the value of \(name)")
            }
        }
        // The comment, if there is one, and the end of the line.
        rest = rest.drop { $0 != ASCII.lf }
        if rest.popFirst() != nil { line += 1 }
    }

    private static func takeName(_ rest: inout ArraySlice<UInt8>) -> String {
        let name = rest.prefix { byte in
            (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
                || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")) || byte == UInt8(ascii: "_")
        }
        rest = rest.dropFirst(name.count)
        return name.first.map { $0 <= UInt8(ascii: "9") } == true ? "" : String(decoding: name, as: UTF8.self)
    }

    private static func takeValue(_ rest: inout ArraySlice<UInt8>, _ line: inout Int) throws(Mistake)
        -> String
    {
        let start = line
        guard let quote = rest.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
            return takePlainValue(&rest)
        }
        rest = rest.dropFirst()
        var value: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte == quote { return String(decoding: value, as: UTF8.self) }
            if byte == ASCII.lf { line += 1 }
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\""), let escaped = rest.popFirst() {
                value += unescape(escaped)
            } else {
                value.append(byte)
            }
        }
        throw Mistake(line: start, message: "the quote is not closed")
    }

    /// To the end of the line, or to a blank and a `#`.
    private static func takePlainValue(_ rest: inout ArraySlice<UInt8>) -> String {
        let text = rest.prefix { $0 != ASCII.lf }
        rest = rest.dropFirst(text.count)
        var end = text.endIndex
        for index in text.indices where text[index] == UInt8(ascii: "#") {
            guard index == text.startIndex || isBlank(text[index - 1]) else { continue }
            end = index
            break
        }
        while end > text.startIndex, isBlank(text[end - 1]) { end -= 1 }
        return String(decoding: text[text.startIndex..<end], as: UTF8.self)
    }

    private static func unescape(_ byte: UInt8) -> [UInt8] {
        switch byte {
        case UInt8(ascii: "n"): [ASCII.lf]
        case UInt8(ascii: "r"): [ASCII.cr]
        case UInt8(ascii: "t"): [0x09]
        case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "$"): [byte]
        default: [UInt8(ascii: "\\"), byte]
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == ASCII.space || byte == 0x09 || byte == ASCII.cr
    }

    private static func skipBlanks(_ rest: inout ArraySlice<UInt8>) { rest = rest.drop(while: isBlank) }

    private static func isAtEnd(_ rest: ArraySlice<UInt8>) -> Bool {
        rest.isEmpty || rest.first == ASCII.lf || rest.first == UInt8(ascii: "#")
    }
}

extension LuaStack {
    /// A table from name to value. [-0, +1]
    func push(_ environment: EnvironmentFile) {
        pushTable(fields: environment.values.count)
        for (name, value) in environment.values {
            _ = (push(name), push(value), set(in: -3))
        }
    }
}

extension EnvironmentFile {
    static let name = ".env"

    /// The one beside the script; empty when there is none.
    static func load(beside root: String) throws(ScriptError) -> EnvironmentFile {
        let path = root + "/" + name
        guard let bytes = SourceFile.read(path, limit: 1 << 20) else { return EnvironmentFile() }
        do throws(Mistake) {
            return try EnvironmentFile(bytes)
        } catch {
            throw ScriptError(message: error.message, file: path, line: error.line)
        }
    }
}

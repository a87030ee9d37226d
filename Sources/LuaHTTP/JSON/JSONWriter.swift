// SPDX-License-Identifier: MIT

/// Lua values to JSON (RFC 8259). Knows a stack and bytes, nothing of responses. Runs no Lua code.
///
/// A table with the array mark, or with a value at 1, is an array; any other is an object, so `{}` is an
/// object unless it is marked. A list with holes or with names among its items is refused: JSON has no
/// such thing, and either half would be lost. Integer keys of an object become strings.
///
/// Names are sorted by their bytes: Lua's own order differs from VM to VM, so two workers would answer
/// the same request differently (and with different ETags). It costs about a fifth of the time.
struct JSONWriter {
    struct Options {
        /// `<`, `>` and `&` as `\u00xx`, so that the text may stand in a `<script>` element.
        var forHTML = false
        var maximumBytes = 64 << 20
    }

    /// Where the writer is inside a table: the key of the value it writes.
    struct Level {
        let table: Int32
        /// Of the stack, when the table is done.
        let top: Int32
        /// Position 0 is the table itself.
        var key = JSONKey.position(0)
    }

    let stack: LuaStack
    let options: Options
    var levels: [Level] = []
    /// The members of the objects that are being written, those of the inner one last.
    var members: [JSONMember] = []

    /// Appends the value at `index` to `output`; what was appended before an error is to be dropped.
    static func write(
        _ index: Int32, of stack: LuaStack, options: Options = Options(), to output: inout ByteStorage
    ) throws(JSONError) {
        var workspace = Workspace()
        try write(index, of: stack, options: options, to: &output, in: &workspace)
    }

    /// As above, with memory that is kept from text to text.
    static func write(
        _ index: Int32, of stack: LuaStack, options: Options = Options(), to output: inout ByteStorage,
        in workspace: inout Workspace
    ) throws(JSONError) {
        var writer = JSONWriter(stack: stack, options: options)
        swap(&writer.levels, &workspace.levels)
        swap(&writer.members, &workspace.members)
        let top = stack.top
        defer {
            stack.top = top
            writer.levels.removeAll(keepingCapacity: writer.levels.count < 64)
            writer.members.removeAll(keepingCapacity: writer.members.count < 1024)
            swap(&writer.levels, &workspace.levels)
            swap(&writer.members, &workspace.members)
        }
        try writer.value(stack.absolute(index), &output)
    }

    /// What a writer needs beside the stack; reused by those who write often.
    struct Workspace {
        fileprivate var levels: [Level] = []
        fileprivate var members: [JSONMember] = []
    }

    private init(stack: LuaStack, options: Options) {
        self.stack = stack
        self.options = options
    }
}

// MARK: - Values

extension JSONWriter {
    mutating func value(_ index: Int32, _ output: inout ByteStorage) throws(JSONError) {
        switch stack.type(at: index) {
        case .string:
            if let text = stack.bytes(at: index) { try string(text, &output) }
        case .number:
            if let integer = stack.integer(at: index) {
                output.append(integer: integer)
            } else {
                try float(stack.number(at: index) ?? 0, &output)
            }
        case .boolean: output.append(stack.isTrue(at: index) ? "true" : "false")
        case .nil: output.append("null")
        case .table: try table(index, &output)
        case .lightUserdata where stack.isNull(at: index): output.append("null")
        case let type: throw failure("it is a \(type.name)")
        }
    }

    /// The shortest text that reads back as the same float; `1.0` stays a float.
    private func float(_ value: Double, _ output: inout ByteStorage) throws(JSONError) {
        guard value.isFinite else { throw failure("JSON has no \(value.isNaN ? "NaN" : "infinity")") }
        output.append(value.description)
    }

    func string(_ text: UnsafeRawBufferPointer, _ output: inout ByteStorage) throws(JSONError) {
        output.append(ASCII.quote)
        var start = 0
        var index = 0
        while true {
            index = JSONString.endOfPlain(text, from: index, forHTML: options.forHTML)
            guard index < text.count else { break }
            let byte = text[index]
            if byte >= 0x80 {
                let length = UTF8Sequence.length(text, at: index)
                guard length > 0 else {
                    throw failure("the string is not UTF-8 (byte \(index + 1) of \(text.count))")
                }
                index += length
                continue
            }
            output.append(UnsafeRawBufferPointer(rebasing: text[start..<index]))
            escape(byte, &output)
            index += 1
            start = index
        }
        output.append(UnsafeRawBufferPointer(rebasing: text[start..<index]))
        output.append(ASCII.quote)
    }

    private func escape(_ byte: UInt8, _ output: inout ByteStorage) {
        output.append(ASCII.backslash)
        switch byte {
        case ASCII.quote, ASCII.backslash: output.append(byte)
        case 0x08: output.append(UInt8(ascii: "b"))
        case 0x0C: output.append(UInt8(ascii: "f"))
        case ASCII.lf: output.append(UInt8(ascii: "n"))
        case ASCII.cr: output.append(UInt8(ascii: "r"))
        case ASCII.tab: output.append(UInt8(ascii: "t"))
        default:
            output.append("u00")
            output.append(ASCII.hexDigit(byte >> 4))
            output.append(ASCII.hexDigit(byte))
        }
    }
}

// MARK: - Failures

extension JSONWriter {
    func checkSize(_ output: borrowing ByteStorage) throws(JSONError) {
        guard output.count <= options.maximumBytes else {
            throw failure("the text is longer than \(options.maximumBytes >> 20) MiB")
        }
    }

    /// The key on top, for a message.
    var keyText: String {
        switch stack.type(at: -1) {
        case .string: "'\(stack.string(at: -1) ?? "")'"
        case .number: stack.integer(at: -1).map(String.init) ?? stack.number(at: -1)?.description ?? ""
        case .boolean: stack.isTrue(at: -1) ? "true" : "false"
        case let type: "(a \(type.name))"
        }
    }

    /// Where tables are this deep, one usually holds itself.
    func tooDeep(_ index: Int32) -> JSONError {
        let pointers = (levels.map(\.table) + [index]).map { stack.pointer(at: $0) }
        for (inner, pointer) in pointers.enumerated() {
            guard let outer = pointers[..<inner].firstIndex(of: pointer) else { continue }
            let what = outer == 0 ? "the value" : path(levels[..<outer])
            return .unwritable(reason: "it is \(what) again, which holds it", path: path(levels[..<inner]))
        }
        return .unwritable(reason: "deeper than \(JSONLimits.depth) tables", path: path(levels[...]))
    }

    @inline(never)
    func failure(_ reason: String) -> JSONError {
        .unwritable(reason: reason, path: path(levels[...]))
    }

    /// `user.tags[3]`, and `headers["content-type"]` for what is no name.
    private func path(_ levels: ArraySlice<Level>) -> String {
        var path = ""
        for level in levels {
            switch level.key {
            case .position(0): break
            case .position(let position): path += "[\(position)]"
            case .name(let bytes):
                let name = String(decoding: bytes.prefix(64), as: UTF8.self)
                let isName =
                    !bytes.isEmpty
                    && bytes.allSatisfy { ASCII.isAlpha($0) || ASCII.isDigit($0) || $0 == UInt8(ascii: "_") }
                path += isName ? (path.isEmpty ? name : ".\(name)") : "[\"\(name)\"]"
            }
        }
        return path
    }
}

// SPDX-License-Identifier: MIT

/// `headers` of a response: name → a string, a number, a list of them for several lines, or false to do without one
/// that would be there by itself. Does not know what else the response says.
struct ResponseHeaders {
    let stack: LuaStack

    /// Reads the table at `table`; adds its lines to `fields`.
    ///
    /// - Returns: whether Content-Type is among them.
    func read(at table: Int32, into fields: inout HeaderBlock) throws(AnswerMistake) -> Bool {
        var hasType = false
        stack.pushNil()
        while stack.next(in: table) {
            guard let name = stack.bytes(at: -2) else {
                throw AnswerMistake(text: "returned headers with a name that is not a string")
            }
            // One line of it: names differ in case only.
            let isType = ASCII.equalsIgnoringCase(name, "content-type")
            if !isType || !hasType { try readValue(name, into: &fields) }
            hasType = hasType || isType
            stack.pop()
        }
        return hasType
    }

    /// The value on top.
    private func readValue(
        _ name: UnsafeRawBufferPointer, into fields: inout HeaderBlock
    ) throws(AnswerMistake) {
        switch stack.type(at: -1) {
        case .string:
            if let value = stack.bytes(at: -1) { try add(name, value, to: &fields) }
        case .number:
            let status = stack.pushDescription(of: -1)
            defer { stack.pop() }
            if status == .ok, let value = stack.bytes(at: -1) { try add(name, value, to: &fields) }
        case .boolean where !stack.isTrue(at: -1):
            fields.omit(name)
        case .table:
            let list = stack.absolute(-1)
            for index in 0..<stack.rawLength(at: list) {
                stack.getIndex(Int64(index) + 1, of: list)
                defer { stack.pop() }
                guard let value = stack.bytes(at: -1) else {
                    throw AnswerMistake(
                        text:
                            "returned the header \(Self.quoted(name)) with a list of values that are not all strings"
                    )
                }
                try add(name, value, to: &fields)
            }
        case let type:
            throw AnswerMistake(
                text: "returned the header \(Self.quoted(name)) with a \(type.name) as value:"
                    + " give a string, a number, a list of strings, or false for none")
        }
    }

    private func add(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, to fields: inout HeaderBlock
    ) throws(AnswerMistake) {
        do throws(HeaderBlock.Refusal) {
            try fields.add(name, value)
        } catch {
            throw AnswerMistake(text: Self.explain(error, name))
        }
    }

    private static func explain(_ refusal: HeaderBlock.Refusal, _ name: UnsafeRawBufferPointer) -> String {
        switch refusal {
        case .name:
            "returned the header \(quoted(name)), which is not a valid name: letters, digits and - only"
        case .value:
            "returned the header \(quoted(name)) with a line break or another control character in its value"
        case .reserved: "returned the header \(quoted(name)), which the server sets; leave it out"
        }
    }

    private static func quoted(_ name: UnsafeRawBufferPointer) -> String {
        "\"" + String(decoding: name.prefix(80), as: UTF8.self) + "\""
    }
}

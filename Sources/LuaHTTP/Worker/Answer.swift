// SPDX-License-Identifier: MIT

internal import NIOCore

/// What a handler returned, read from its coroutine's stack and checked: ready to be sent or rendered.
///
/// Header lines are in the worker's ``HeaderBlock``; bytes and variables stay on the Lua stack.
struct Answer {
    enum Content {
        /// The string at this index.
        case bytes(Int32)
        /// Variables and template name at these indices.
        case template(variables: Int32, name: Int32)
        /// Path at this index, relative to the script; `download` is the name to save it under.
        case file(path: Int32, download: String?)
        /// A function at this index that writes the body; nanoseconds between signs of life.
        case stream(function: Int32, heartbeat: UInt64?)
        case empty
    }

    var status: Int
    var content: Content
    /// The author set Content-Type, which is in the header block already.
    var hasContentType = false
    /// Its body may be compressed.
    var compresses = true
}

/// A mistake in what a handler returned; the text says what to write instead.
struct AnswerMistake: Error {
    let text: String
}

/// Reads the return protocol (docs/lua-api.md): `vars, "page.html"[, options]`, a string, or a response.
struct AnswerReader {
    let stack: LuaStack
    // SAFETY: a reader lives as long as the call that made it, whose task holds the generation.
    unowned(unsafe) let generation: Generation?
    /// Status unless the handler gives one: 200, or the error's in an error handler.
    let defaultStatus: Int
    let isSecure: Bool

    /// Reads the values from `first` to the top; adds header lines to `fields`.
    func read(from first: Int32, into fields: inout HeaderBlock) throws(AnswerMistake) -> Answer {
        // Trailing nils are as good as nothing, as everywhere in Lua.
        var last = stack.top
        while last >= first, stack.isNilOrNone(at: last) { last -= 1 }
        switch (last - first + 1, stack.type(at: first)) {
        case (1, .string):
            fields.addPageType()
            return Answer(status: defaultStatus, content: .bytes(first), hasContentType: true)
        case (1, .table) where stack.isKind(.response, at: first):
            return try readResponse(at: first, into: &fields)
        case (2, .table), (3, .table):
            guard !stack.isKind(.response, at: first), stack.type(at: first + 1) == .string else {
                throw explanation(from: first)
            }
            var answer = Answer(
                status: defaultStatus, content: .template(variables: first, name: first + 1))
            guard last == first + 2 else { return answer }
            guard stack.type(at: last) == .table else {
                throw explanation(from: first)
            }
            if let complaint = generation?.library.complaint(aboutOptionsAt: last, on: stack) {
                throw AnswerMistake(text: complaint)
            }
            try readOptions(at: last, into: &answer, &fields)
            return answer
        default:
            throw explanation(from: first)
        }
    }

    private func explanation(from first: Int32) -> AnswerMistake {
        AnswerMistake(
            text: generation?.library.explain(from: first, on: stack) ?? "returned values that do not fit")
    }

    /// Reads a response, which hooks may have changed in every way.
    func readResponse(at table: Int32, into fields: inout HeaderBlock) throws(AnswerMistake) -> Answer {
        var answer = Answer(status: defaultStatus, content: .empty)
        let found = try readOptions(at: table, into: &answer, &fields)
        if found.contains(.template), stack.getField("template", of: table) == .string {
            let name = stack.top
            guard stack.getField("vars", of: table) == .table else {
                throw AnswerMistake(
                    text: "returned a response with a template but without a table of variables")
            }
            answer.content = .template(variables: stack.top, name: name)
        } else if found.contains(.file), stack.getField("file", of: table) == .string {
            let path = stack.top
            answer.content = .file(path: path, download: stack.stringField("filename", of: table))
        } else if found.contains(.stream) {
            stack.getField("heartbeat", of: table)
            let heartbeat = stack.number(at: -1).flatMap { UInt64(exactly: ($0 * 1e9).rounded()) }
            stack.getField("stream", of: table)
            answer.content = .stream(function: stack.top, heartbeat: heartbeat)
        } else if found.contains(.body) {
            let type = stack.getField("body", of: table)
            guard type == .string else {
                throw AnswerMistake(text: "returned a response whose body is a \(type.name), not a string")
            }
            answer.content = .bytes(stack.top)
        }
        return answer
    }

    /// What a response table says of its content.
    private struct Contents: OptionSet {
        let rawValue: UInt8
        static let body = Contents(rawValue: 1)
        static let template = Contents(rawValue: 2)
        static let file = Contents(rawValue: 4)
        static let stream = Contents(rawValue: 8)
    }

    /// `status`, `content_type`, `headers` and `cookies` of the table at `table`. One pass over what is there
    /// costs less than a look-up for each field that may be there.
    @discardableResult
    private func readOptions(
        at table: Int32, into answer: inout Answer, _ fields: inout HeaderBlock
    ) throws(AnswerMistake) -> Contents {
        let top = stack.top
        defer { stack.top = top }
        guard stack.reserve(16) else { throw AnswerMistake(text: "returned too many values") }
        var found: Contents = []
        var hasHeaders = false
        // What constructors such as app.json write. The table holds the string as long as it is looked at here.
        var type: UnsafeRawBufferPointer?
        stack.pushNil()
        while stack.next(in: table) {
            if let key = stack.bytes(at: -2) {
                switch key.count {
                case 4 where ASCII.equals(key, "body"): found.insert(.body)
                case 4 where ASCII.equals(key, "vars"): break
                case 4 where ASCII.equals(key, "file"):
                    try expect(.string, "file")
                    found.insert(.file)
                case 6 where ASCII.equals(key, "stream"): found.insert(.stream)
                case 6 where ASCII.equals(key, "status"): answer.status = try status(at: -1)
                case 7 where ASCII.equals(key, "headers"):
                    try expect(.table, "headers")
                    hasHeaders = true
                case 7 where ASCII.equals(key, "cookies"):
                    try expect(.table, "cookies")
                    try ResponseCookies(stack: stack, isSecure: isSecure).read(at: stack.top, into: &fields)
                case 8 where ASCII.equals(key, "template"):
                    try expect(.string, "template")
                    found.insert(.template)
                case 8 where ASCII.equals(key, "compress"):
                    try expect(.boolean, "compress")
                    answer.compresses = stack.isTrue(at: -1)
                case 8 where ASCII.equals(key, "filename"): break
                case 9 where ASCII.equals(key, "heartbeat"): break
                case 12 where ASCII.equals(key, "content_type"):
                    try expect(.string, "content_type")
                    type = stack.bytes(at: -1)
                default: throw unknownField(of: table)
                }
            } else {
                throw unknownField(of: table)
            }
            stack.top = top + 1
        }
        stack.top = top
        if hasHeaders, stack.getField("headers", of: table) == .table {
            answer.hasContentType = try ResponseHeaders(stack: stack).read(at: stack.top, into: &fields)
        }
        // A header of this name is the more explicit one.
        if let type, !answer.hasContentType {
            try addContentType(type, to: &fields)
            answer.hasContentType = true
        }
        return found
    }

    /// Misspelt, most likely: it would be lost silently.
    private func unknownField(of table: Int32) -> AnswerMistake {
        AnswerMistake(
            text: generation?.library.complaint(aboutFieldsAt: table, on: stack)
                ?? "returned a response with an unknown field")
    }

    /// Hooks set fields of a response unchecked: what is on top must be of the type.
    private func expect(_ type: LuaType, _ field: StaticString) throws(AnswerMistake) {
        guard stack.type(at: -1) != type else { return }
        throw AnswerMistake(
            text: "returned a response whose \(field) is a \(stack.type(at: -1).name), not a \(type.name)")
    }

    /// Adds the `headers` and `cookies` that `app.abort` was given, of the table at `abort`.
    func readFields(ofAbort abort: Int32, into fields: inout HeaderBlock) throws(AnswerMistake) {
        let top = stack.top
        defer { stack.top = top }
        guard stack.reserve(16) else { throw AnswerMistake(text: "aborted too deep in its calls") }
        if stack.getField("headers", of: abort) == .table {
            _ = try ResponseHeaders(stack: stack).read(at: stack.top, into: &fields)
        }
        if stack.getField("cookies", of: abort) == .table {
            try ResponseCookies(stack: stack, isSecure: isSecure).read(at: stack.top, into: &fields)
        }
    }

    private func status(at index: Int32) throws(AnswerMistake) -> Int {
        guard let status = stack.integer(at: index), (200...599).contains(status) else {
            throw AnswerMistake(text: "returned a status that is not a whole number from 200 to 599")
        }
        return Int(status)
    }

    private func addContentType(
        _ value: UnsafeRawBufferPointer, to fields: inout HeaderBlock
    ) throws(AnswerMistake) {
        do throws(HeaderBlock.Refusal) {
            try fields.addContentType(value)
        } catch {
            throw AnswerMistake(
                text: "returned a content_type with a line break or another control character in it")
        }
    }
}

// SPDX-License-Identifier: MIT

/// A query or an urlencoded form as the table that scripts see.
enum UrlencodedTable {
    /// More pairs than that are not a form but an attack (hash flooding).
    static let mostPairs = 512

    /// Pushes the table of a query string, in which a stray `%` stands for itself. [-0, +1]
    static func push(query bytes: UnsafeRawBufferPointer, on stack: LuaStack) throws(HostError) {
        try push(bytes, .literal, on: stack)
    }

    /// Pushes the table of a form body, in which a stray `%` is the client's error. [-0, +1]
    static func push(form bytes: UnsafeRawBufferPointer, on stack: LuaStack) throws(HostError) {
        try push(bytes, .strict, on: stack)
    }

    private static func push(
        _ bytes: UnsafeRawBufferPointer, _ percent: FormBody.Percent, on stack: LuaStack
    ) throws(HostError) {
        let top = stack.top
        var pieces = bytes.isEmpty ? 0 : 1
        for byte in bytes where byte == UInt8(ascii: "&") { pieces &+= 1 }
        var table = ValuesTable(count: min(pieces, mostPairs), on: stack)
        do throws(FormBody.Failure) {
            try FormBody.forEachPair(bytes, percent: percent, limit: mostPairs) { name, value in
                table.add(name) { _ = stack.push(value) }
            }
        } catch {
            stack.top = top
            switch error {
            case .malformedPercent:
                throw .abort(status: 400, message: "the form has a malformed percent-encoding")
            case .tooManyFields:
                throw .abort(status: 413, message: "more than \(mostPairs) form or query fields")
            }
        }
        table.finish()
    }
}

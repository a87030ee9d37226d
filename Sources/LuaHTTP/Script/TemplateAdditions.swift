// SPDX-License-Identifier: MIT

/// What a script gave to its templates by `app:filter`, `app:test` and `app:global`: the names for the compiler,
/// the values as one table for renderings. Knows no templates.
struct TemplateAdditions {
    private(set) var filters: Set<String> = []
    private(set) var tests: Set<String> = []
    /// Number, among the generation's references, of {globals, filters, tests}; nil when there is nothing.
    private(set) var environment: Int?

    init() {}

    /// Reads the table that the library's `finish` made, on top of `stack`. [-1, +0]
    init(takingFrom stack: LuaStack, references: inout LuaRefTable) {
        let table = stack.absolute(-1)
        defer { stack.top = table - 1 }
        guard stack.type(at: table) == .table else { return }
        filters = Self.names("filters", of: table, on: stack)
        tests = Self.names("tests", of: table, on: stack)
        if stack.getField("environment", of: table) == .table {
            environment = references.append(taking: stack)
        }
    }

    private static func names(_ field: StaticString, of table: Int32, on stack: LuaStack) -> Set<String> {
        let top = stack.top
        defer { stack.top = top }
        var names: Set<String> = []
        guard stack.getField(field, of: table) == .table else { return names }
        stack.pushNil()
        while stack.next(in: top + 1) {
            stack.pop()
            if let name = stack.string(at: -1) { names.insert(name) }
        }
        return names
    }
}

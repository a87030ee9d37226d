// SPDX-License-Identifier: MIT

/// The filters by number and name. Knows their parameters; what they do is in the files beside it.
struct Filter: Sendable {
    let name: String
    let signature: Signature
    /// Replaces the value at `call.base` by the result.
    let run: @Sendable (inout Machine, Call) throws(RenderFault) -> Void

    init(
        _ name: String, _ parameters: String = "",
        _ run: @escaping @Sendable (inout Machine, Call) throws(RenderFault) -> Void
    ) {
        self.name = name
        signature = Signature(parameters)
        self.run = run
    }
}

enum FilterTable {
    static let all: [Filter] =
        StringFilters.all + TextLayoutFilters.all + HTMLFilters.all + LinkFilters.all + ListFilters.all
        + SortFilters.all + SelectionFilters.all + NumberFilters.all

    static let numbers: [String: Int] = Dictionary(
        uniqueKeysWithValues: all.enumerated().map { ($0.element.name, $0.offset) })

    static func number(of name: String) -> Int? { numbers[name] }

    /// `call` is compiled to a call: a function may wait, a filter of this table cannot.
    static let names: [String] = numbers.keys + ["call"]

    static func isKnown(_ name: String) -> Bool { name == "call" || numbers[name] != nil }
}

// SPDX-License-Identifier: MIT

/// The tests (`x is y`) by number and name.
struct Test: Sendable {
    let name: String
    let signature: Signature
    let run: @Sendable (inout Machine, Call) throws(RenderFault) -> Bool

    init(
        _ name: String, _ parameters: String = "",
        _ run: @escaping @Sendable (inout Machine, Call) throws(RenderFault) -> Bool
    ) {
        self.name = name
        signature = Signature(parameters)
        self.run = run
    }
}

enum TestTable {
    static let all: [Test] = ValueTests.all

    static let numbers: [String: Int] = Dictionary(
        uniqueKeysWithValues: all.enumerated().map { ($0.element.name, $0.offset) })

    /// The only one that does not wait for a task.
    static let awaitable = number(of: "awaitable") ?? -1

    static func number(of name: String) -> Int? { numbers[name] }
}

// SPDX-License-Identifier: MIT

/// `limits = { … }` of app:config and of routes: values are checked when they are set, so that the message has
/// the author's line.
enum LimitModule {
    /// check(name, value, is_route) → message, or nil when the value may be used
    static func check() -> HostFunction {
        HostFunction("limits") { stack throws(HostError) in
            guard let name = stack.string(at: 1).flatMap(Limits.Name.init(rawValue:)) else {
                throw .message("name of a limit expected")
            }
            if stack.isTrue(at: 3), !name.row.isPerRoute {
                stack.push(
                    "limits.\(name.rawValue) is for the whole server: set it by app:config { limits = { … } }"
                )
            } else if name.read(stack, at: 2) == nil {
                stack.push("limits.\(name.rawValue) must be \(name.row.requirement)")
            } else {
                stack.pushNil()
            }
            return .results(1)
        }
    }

    /// Pushes name → whether a route may have its own. [-0, +1]
    static func pushNames(on stack: LuaStack) {
        stack.pushTable(fields: Limits.Name.allCases.count)
        for name in Limits.Name.allCases {
            stack.push(name.rawValue)
            stack.push(name.row.isPerRoute)
            _ = stack.set(in: -3)
        }
    }

    /// The limits in the table at `index`, which `check` has let through. [-0, +0]
    static func read(_ stack: LuaStack, at index: Int32) -> [Limits.Name: Int] {
        guard stack.type(at: index) == .table else { return [:] }
        let table = stack.absolute(index)
        var values: [Limits.Name: Int] = [:]
        for name in Limits.Name.allCases {
            let key = Array(name.rawValue.utf8)
            key.withUnsafeBytes { _ = stack.getField($0, of: table) }
            if let value = name.read(stack, at: -1) { values[name] = value }
            stack.pop()
        }
        return values
    }
}

extension Limits.Name {
    /// The value at `index`, or nil when it is not one for this limit.
    fileprivate func read(_ stack: LuaStack, at index: Int32) -> Int? {
        let row = row
        let value: Int? =
            switch row.unit {
            case .bytes: ByteSize.parse(stack, at: index)
            case .count: stack.integer(at: index).map { Int(clamping: $0) }
            case .milliseconds: TimeSpan.parse(stack, at: index)
            }
        return value.flatMap { row.range.contains($0) ? $0 : nil }
    }
}

extension Limits.Row {
    /// For messages.
    fileprivate var requirement: String {
        let bounds = "from \(text(range.lowerBound)) to \(text(range.upperBound))"
        return switch unit {
        case .bytes: "a number of bytes or a size such as \"8MiB\", \(bounds)"
        case .count: "a whole number \(bounds)"
        case .milliseconds: "seconds or a time such as \"10s\", \(bounds)"
        }
    }

    /// A value as it would be written in a script.
    func text(_ value: Int) -> String {
        switch unit {
        case .bytes: ByteSize.text(value)
        case .count: "\(value)"
        case .milliseconds: TimeSpan.text(value)
        }
    }
}

// SPDX-License-Identifier: MIT

/// `app.state`: plain data that one generation hands on to the next.
extension Generation {
    /// Copies what is in the state of `old` to ours, over what the script has put there. Both belong to one loop.
    ///
    /// - Returns: what could not be copied, and why, by its place.
    func takeState(of old: Generation) -> [String] {
        var complaints: [String] = []
        let (fields, complaintsOfReading) = old.readState()
        complaints += complaintsOfReading
        let stack = vm.main
        let top = stack.top
        defer { stack.top = top }
        stack.push(state)
        for (key, value) in fields {
            do throws(LuaValueError) {
                try stack.push(key, limitedBy: vm)
                try stack.push(value, limitedBy: vm)
                stack.set(in: top + 1)
            } catch {
                complaints.append("\(Self.place(of: key)): \(error.description)")
            }
            stack.top = top + 1
        }
        return complaints
    }

    /// Field by field, so that one that cannot be copied does not take the others with it.
    private func readState() -> (fields: [(LuaValue, LuaValue)], complaints: [String]) {
        let stack = vm.main
        let top = stack.top
        defer { stack.top = top }
        var fields: [(LuaValue, LuaValue)] = []
        var complaints: [String] = []
        stack.push(state)
        stack.pushNil()
        while stack.next(in: top + 1) {
            var key = LuaValue.nil
            do throws(LuaValueError) {
                key = try LuaValue(copying: -2, of: stack)
                fields.append((key, try LuaValue(copying: -1, of: stack)))
            } catch {
                complaints.append("\(Self.place(of: key)): \(error.description)")
            }
            stack.pop()
        }
        return (fields, complaints)
    }

    private static func place(of key: LuaValue) -> String {
        switch key {
        case .nil: "a key of app.state"
        case .integer(let number): "app.state[\(number)]"
        default: "app.state.\(LogText.line(key.text ?? "?"))"
        }
    }
}

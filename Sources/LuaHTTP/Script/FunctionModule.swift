// SPDX-License-Identifier: MIT

/// Lets the running fiber wait for Swift's own concurrency; a worker does it.
protocol ConcurrencyServices: AnyObject {
    /// Runs `operation` off the loop; it is cancelled when the fiber ends. `finish` is called on the loop.
    func await(
        _ operation: @escaping @Sendable () async -> Result<LuaValue, any Error>,
        finish: @escaping (Result<LuaValue, any Error>) -> FunctionModule.Outcome
    ) throws(HostError)
}

/// The functions that the host program gives its scripts: a module of Lua for each of theirs.
enum FunctionModule {
    enum Outcome {
        /// Pushes the results.
        case results((LuaStack) -> Void)
        case error(HostError)
    }

    /// Pushes a table: module → name → function. [-0, +1]
    static func push(
        _ functions: ScriptFunctions, _ services: ScriptServices, in vm: LuaVM, on stack: LuaStack
    ) {
        stack.pushTable(fields: functions.modules.count)
        for (module, members) in functions.modules {
            stack.pushTable(fields: members.count)
            for (name, body) in members {
                vm.push(function("\(module).\(name)", body, services, vm), on: stack)
                stack.setField(name, of: -2)
            }
            stack.setField(module, of: -2)
        }
    }

    private static func function(
        _ name: String, _ body: ScriptFunctions.Body, _ services: ScriptServices, _ vm: LuaVM
    ) -> HostFunction {
        switch body {
        case .immediate(let call):
            // SAFETY: the VM owns its host functions.
            HostFunction("function of the host program") { [unowned(unsafe) vm] stack throws(HostError) in
                let values = try arguments(of: name, on: stack)
                switch finish(name, Result { try call(values) }, vm) {
                case .results(let push): push(stack)
                case .error(let error): throw error
                }
                return .results(stack.top - Int32(clamping: values.count))
            }
        case .waiting(let call):
            HostFunction("function of the host program", waits: true) {
                [unowned(unsafe) vm] stack throws(HostError) in
                let values = try arguments(of: name, on: stack)
                try services.loop().await {
                    do { return .success(try await call(values)) } catch { return .failure(error) }
                } finish: { outcome in
                    finish(name, outcome, vm)
                }
                return .await
            }
        }
    }

    private static func arguments(of name: String, on stack: LuaStack) throws(HostError) -> [LuaValue] {
        var values: [LuaValue] = []
        for index in stride(from: Int32(1), through: stack.top, by: 1) {
            do throws(LuaValueError) {
                values.append(try LuaValue(copying: index, of: stack))
            } catch {
                throw .message("bad argument #\(index) to '\(name)' (\(error.description))")
            }
        }
        return values
    }

    private static func finish(
        _ name: String, _ outcome: Result<LuaValue, any Error>, _ vm: LuaVM
    ) -> Outcome {
        switch outcome {
        case .success(let value):
            return .results { stack in
                do throws(LuaValueError) {
                    try stack.push(value, limitedBy: vm)
                } catch {
                    stack.pushNil()
                    stack.push(error.description)
                }
            }
        case .failure(let failure as ScriptFailure):
            return .results { stack in
                stack.pushNil()
                stack.push(failure.message)
            }
        case .failure(let error as ScriptFunctions.ArgumentError):
            return .error(.message("bad argument #\(error.number) to '\(name)' (\(error.reason))"))
        case .failure(let error):
            return .error(.message("\(name): \(error)"))
        }
    }
}

extension LuaStack {
    /// `table[name] = top`. [-1, +0]
    fileprivate func setField(_ name: String, of table: Int32) {
        var name = name
        name.withUTF8 { setField(UnsafeRawBufferPointer($0), of: table) }
    }
}

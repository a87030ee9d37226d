// SPDX-License-Identifier: MIT

internal import CLua

/// The object behind the context pointer that C hands back.
final class HostContext {
    // SAFETY: the VM owns this context and outlives every call that C makes with it.
    unowned(unsafe) var vm: LuaVM!
}

/// The two functions that C calls. They turn Swift results and errors into codes, nothing else.
enum HostDispatch {
    static let call: @convention(c) (UnsafeMutableRawPointer?, OpaquePointer?, Int32) -> Int32 = {
        context, state, id in
        guard let context, let state else { return 0 }
        // SAFETY: `context` is the HostContext given to lh_vm_create, alive as long as the VM.
        let vm = Unmanaged<HostContext>.fromOpaque(context).takeUnretainedValue().vm
        let stack = LuaStack(state: state)
        guard let vm, vm.functions.indices.contains(Int(id)) else { return 0 }
        do throws(HostError) {
            switch try vm.functions[Int(id)].body(stack) {
            case .results(let count): return count
            case .await: return Int32(LH_AWAIT)
            }
        } catch {
            pushError(error, on: stack)
            return Int32(LH_RAISE)
        }
    }

    static let field:
        @convention(c) (UnsafeMutableRawPointer?, OpaquePointer?, UnsafeMutableRawPointer?, Int32) -> Int32 =
            {
                context, state, owner, field in
                guard let context, let state else { return 0 }
                // SAFETY: as above.
                let vm = Unmanaged<HostContext>.fromOpaque(context).takeUnretainedValue().vm
                let stack = LuaStack(state: state)
                guard let vm, let read = vm.readField, let field = RequestField(rawValue: field) else {
                    stack.pushNil()
                    return 1
                }
                do throws(HostError) {
                    try read(owner, field, stack)
                    return 1
                } catch {
                    pushError(error, on: stack)
                    return Int32(LH_RAISE)
                }
            }

    /// Replaces what is on the stack by the value to raise: a body that failed may have filled it.
    private static func pushError(_ error: HostError, on stack: LuaStack) {
        stack.top = 0
        stack.push(error)
    }
}

extension LuaStack {
    /// Pushes the value that is raised for `error`. [-0, +1]
    func push(_ error: HostError) {
        switch error {
        case .message(let text):
            push(text)
        case .abort(let status, let message):
            pushTable(fields: 2)
            push(Int64(status))
            setField("status", of: -2)
            push(message)
            setField("message", of: -2)
            mark(-1, as: .abort)
        }
    }
}

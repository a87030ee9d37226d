// SPDX-License-Identifier: MIT

internal import CLua

/// One Lua universe and the host functions that its scripts may call.
///
/// Confined to one event loop. It knows nothing of requests or templates. Close it with
/// ``close()`` on its loop, when no reference and no coroutine of it is held any more.
final class LuaVM {
    let vm: OpaquePointer
    private(set) var functions: [HostFunction] = []
    /// Answers reads of request fields that are computed by the host.
    var readField: RequestFieldReader?
    /// Begins a wait for a call that may block, and starts it; false when nothing can wait.
    var onBlockingCall: ((LuaJob) -> Bool)?
    private var isClosed = false

    /// - Parameter memoryLimit: bytes at which Lua code gets "not enough memory".
    /// - Throws: ``ScriptError`` when there is no memory for it.
    init(memoryLimit: Int) throws(ScriptError) {
        // The context is set below: `self` is not there before the VM is.
        let context = HostContext()
        let host = lh_host(
            context: Unmanaged.passUnretained(context).toOpaque(), call: HostDispatch.call,
            field: HostDispatch.field)
        guard let vm = lh_vm_create(host, memoryLimit) else {
            throw ScriptError(message: "out of memory while creating a Lua VM")
        }
        self.vm = vm
        self.context = context
        context.vm = self
    }

    /// What C hands back to us; lives as long as the VM.
    let context: HostContext

    var main: LuaStack { LuaStack(state: lh_vm_main(vm)) }

    /// The stack to which the results of the current wait go. Valid right after `.awaiting`.
    var waitingStack: LuaStack { LuaStack(state: lh_waiting(vm)) }

    /// Makes the wait on `stack` end with the error value on top of it; a message gets the author's line unless
    /// it is raised `asIs`.
    func failWait(on stack: LuaStack, asIs: Bool) { lh_wait_failed(stack.state, asIs) }

    var memory: (used: Int, peak: Int, limit: Int) {
        let memory = lh_vm_memory(vm)
        return (Int(clamping: memory.used), Int(clamping: memory.peak), Int(clamping: memory.limit))
    }

    /// More is held than the limit allows: possible after work of the host, which is never refused memory.
    var isOverMemoryLimit: Bool { lh_vm_over_limit(vm) }

    func setMemoryLimit(_ bytes: Int) { lh_vm_set_memory_limit(vm, bytes) }

    /// From now on collections are counted.
    func countCollections() { lh_vm_count_collections(vm) }

    /// Collections since then.
    var collections: Int { Int(clamping: lh_vm_collections(vm)) }

    func collectGarbage() { lh_vm_collect(vm) }

    /// References and coroutines that Swift still holds.
    var liveReferences: Int { Int(clamping: lh_vm_live_references(vm)) }

    /// Frees a reference. None is left once the VM was closed.
    func free(_ slot: Int32) {
        if !isClosed { lh_ref_free(vm, slot) }
    }

    /// Pushes a host function. [-0, +1]
    func push(_ function: HostFunction, on stack: LuaStack) {
        functions.append(function)
        lh_push_host_function(stack.state, Int32(clamping: functions.count - 1), function.waits)
    }

    /// Compiles a text chunk and pushes it. `name` starts with `@` (a file) or `=`. [-0, +1]
    func load(_ source: UnsafeRawBufferPointer, name: String, on stack: LuaStack) -> LuaStatus {
        LuaStatus(
            lh_load(
                stack.state, source.baseAddress?.assumingMemoryBound(to: CChar.self), source.count, name))
    }

    /// Pushes the chunk of the library part that is written in Lua. [-0, +1]
    func pushLibrary(on stack: LuaStack) { lh_push_library(stack.state) }

    /// Frees everything, running finalizers. Returns the number of blocks that leaked.
    @discardableResult
    func close() -> Int {
        guard !isClosed else { return 0 }
        isClosed = true
        return Int(clamping: lh_vm_close(vm))
    }

    deinit { close() }
}

@available(*, unavailable)
extension LuaVM: Sendable {}

/// Release of Lua that is linked in, e.g. "Lua 5.4.4".
enum LuaRelease {
    static var text: String { String(cString: lh_lua_release()) }
}

// SPDX-License-Identifier: MIT

internal import CLua

/// Keeps one Lua value alive for Swift: a slot on a stack that never runs.
///
/// Freed when it goes out of scope, on the VM's thread; keeps the VM until then, whatever the order in
/// which their owner lets go of them. It must not refer to a function that itself refers to the owner of
/// this reference: neither collector sees the other, so such a cycle stays.
struct LuaRef: ~Copyable {
    private let vm: LuaVM
    let slot: Int32

    /// Takes the value on top of `stack`. [-1, +0]
    init(taking stack: LuaStack, of vm: LuaVM) {
        self.vm = vm
        slot = lh_ref_take(stack.state)
    }

    deinit { vm.free(slot) }
}

/// References to a list of Lua values, addressed by number: handlers of routes.
struct LuaRefTable: ~Copyable {
    private let vm: LuaVM
    private var slots: [Int32] = []

    init(vm: LuaVM) { self.vm = vm }

    var count: Int { slots.count }

    /// Takes the value on top of `stack` and returns its number. [-1, +0]
    mutating func append(taking stack: LuaStack) -> Int {
        slots.append(lh_ref_take(stack.state))
        return slots.count - 1
    }

    /// Pushes value `number`. [-0, +1]
    func push(_ number: Int, on stack: LuaStack) { lh_ref_push(stack.state, slots[number]) }

    deinit {
        for slot in slots { vm.free(slot) }
    }
}

// SPDX-License-Identifier: MIT

import CLua

/// A VM with a few host functions, driven as the server drives one: scripts run on pooled coroutines.
final class TestVM {
    /// What a run of a script came to.
    struct Outcome: Equatable, CustomStringConvertible {
        var status: lh_status
        /// The results as text, separated by blanks, or the error.
        var text: String
        var waits = 0

        var description: String { "status \(status.rawValue), \(waits) waits: \(text)" }
    }

    private(set) var vm: OpaquePointer! = nil
    /// Calls of `note` in scripts.
    var notes: [String] = []
    /// What computed fields of requests do.
    var field: (OpaquePointer, Int32) -> Int32 = { state, field in
        lh_push_integer(state, Int64(field))
        return 1
    }

    /// What each step may use.
    var budget = lh_budget(cpu: 0, memory: .max, held: 0, place: nil)

    /// Host functions, in the order in which scripts get them.
    private static let prelude = "local wait, fail, note, call = ...; "

    init(memoryLimit: Int = 64 << 20) {
        let host = lh_host(
            context: Unmanaged.passUnretained(self).toOpaque(),
            call: { context, state, id in
                Unmanaged<TestVM>.fromOpaque(context!).takeUnretainedValue().call(state!, id)
            },
            field: { context, state, _, field in
                Unmanaged<TestVM>.fromOpaque(context!).takeUnretainedValue().field(state!, field)
            })
        vm = lh_vm_create(host, memoryLimit)
    }

    deinit { _ = close() }

    /// Number of blocks that leaked.
    func close() -> Int {
        guard let vm else { return 0 }
        self.vm = nil
        return lh_vm_close(vm)
    }

    private func call(_ state: OpaquePointer, _ id: Int32) -> Int32 {
        switch id {
        case 0: return Int32(LH_AWAIT)
        case 1:
            push("boom", state)
            return Int32(LH_RAISE)
        case 2:
            notes.append(text(state, 1))
            return 0
        default:
            // Calls its argument from the host: results, or nil and the error.
            lh_set_top(state, 1)
            let status = lh_call(state, 0, 1)
            guard status != LH_OK else { return 1 }
            lh_push_nil(state)
            lh_rotate(state, -2, 1)
            return 2
        }
    }

    // MARK: Running

    /// Runs a script to its end; `complete` pushes the results of each wait, numbered from 1.
    @discardableResult
    func run(
        _ source: String, prepare: (OpaquePointer) -> Int32 = { _ in 0 },
        complete: (OpaquePointer, Int) -> Void = { lh_push_integer($0, Int64($1)) }
    ) -> Outcome {
        let coroutine = lh_coroutine_take(vm)
        var outcome = start(source, on: coroutine, prepare: prepare)
        while outcome.status == LH_AWAITING {
            outcome.waits += 1
            complete(lh_waiting(vm), outcome.waits)
            outcome = resume(coroutine.state, arguments: 0, waits: outcome.waits)
        }
        if outcome.status == LH_OK {
            lh_coroutine_put(vm, coroutine)
        } else {
            lh_coroutine_discard(vm, coroutine)
        }
        return outcome
    }

    /// Runs a script to its first wait, or to its end.
    func start(
        _ source: String, on coroutine: lh_coroutine, prepare: (OpaquePointer) -> Int32 = { _ in 0 }
    ) -> Outcome {
        let state = coroutine.state!
        let text = Self.prelude + source
        let status = lh_load(state, text, text.utf8.count, "@t.lua")
        guard status == LH_OK else { return Outcome(status: status, text: self.text(state, -1)) }
        for id in 0..<Int32(4) { lh_push_host_function(state, id, id == 0) }
        return resume(state, arguments: 4 + prepare(state), waits: 0)
    }

    func resume(_ state: OpaquePointer, arguments: Int32, waits: Int) -> Outcome {
        var results: Int32 = 0
        let turn = lh_turn_begin(vm, &budget)
        let status = lh_resume(state, arguments, &results)
        lh_turn_end(vm, turn, &budget)
        switch status {
        case LH_OK:
            let values = results == 0 ? [] : (-results ... -1).map { text(state, $0) }
            return Outcome(status: status, text: values.joined(separator: " "), waits: waits)
        case LH_AWAITING, LH_YIELDED, LH_ERROR_TIME: return Outcome(status: status, text: "", waits: waits)
        default: return Outcome(status: status, text: text(state, -1), waits: waits)
        }
    }

    func push(_ text: String, _ state: OpaquePointer) { _ = lh_push_bytes(state, text, text.utf8.count) }

    /// `tostring` of the value at `index`.
    func text(_ state: OpaquePointer, _ index: Int32) -> String {
        guard lh_to_string(state, index) == LH_OK else {
            lh_set_top(state, -2)
            return "?"
        }
        defer { lh_set_top(state, -2) }
        var size = 0
        guard let bytes = lh_bytes(state, -1, &size) else { return "?" }
        return String(decoding: UnsafeRawBufferPointer(start: bytes, count: size), as: UTF8.self)
    }
}

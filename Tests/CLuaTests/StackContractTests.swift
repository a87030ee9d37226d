// SPDX-License-Identifier: MIT

import CLua
import Foundation
import Testing

/// Every function of CLua.h pushes and pops what its notation says. A fresh coroutine with a table that
/// has `x = 1` at index 1 is what each case starts from.
struct StackContractTests {
    struct Case {
        var name: String
        /// Pushed before the call; not counted.
        var given: (OpaquePointer) -> Void = { _ in }
        var change: Int32
        var body: (OpaquePointer) -> Void
    }

    @Test func everyFunctionLeavesTheStackAsDeclared() {
        for each in Self.cases {
            let test = TestVM()
            let coroutine = lh_coroutine_take(test.vm)
            let state = coroutine.state!
            lh_push_table(state, 0, 0)
            lh_push_integer(state, 1)
            lh_set_field(state, 1, "x", 1)
            each.given(state)
            let top = lh_top(state)
            let mainTop = lh_top(lh_vm_main(test.vm))
            each.body(state)
            #expect(lh_top(state) - top == each.change, "\(each.name)")
            #expect(lh_top(lh_vm_main(test.vm)) == mainTop, "\(each.name) changed the main stack")
            lh_coroutine_discard(test.vm, coroutine)
            #expect(test.close() == 0, "\(each.name) leaked")
        }
    }

    @Test func theTableOfCasesIsComplete() throws {
        let header = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Sources/CLua/include/CLua.h")
        let text = try String(contentsOf: header, encoding: .utf8)
            .replacing(#/\/\*(.|\n)*?\*\//#, with: "")
        let declared = Set(text.matches(of: #/\b(lh_[a-z_]+)\(/#).map { String($0.output.1) })
        #expect(declared.count > 60)
        // Closing and creating are what each case begins and ends with; the others have no stack.
        let tested = Set(Self.cases.map { $0.name.split(separator: " ")[0] }.map(String.init))
            .union(["lh_vm_create", "lh_vm_close", "lh_format_integer", "lh_find", "lh_stall_due"])
        #expect(declared.subtracting(tested).sorted() == [])
        #expect(tested.subtracting(declared).sorted() == [])
    }

    // MARK: Cases

    private static func load(_ source: String) -> (OpaquePointer) -> Void {
        { _ = lh_load($0, source, source.utf8.count, "@t.lua") }
    }

    private static var cases: [Case] { vmCases + runningCases + readingCases + pushingCases + tableCases }

    private static var vmCases: [Case] {
        [
            Case(name: "lh_vm_main", change: 0) { _ = lh_vm_main(lh_vm_of($0)) },
            Case(name: "lh_vm_of", change: 0) { _ = lh_vm_of($0) },
            Case(name: "lh_vm_memory", change: 0) { #expect(lh_vm_memory(lh_vm_of($0)).used > 0) },
            Case(name: "lh_vm_set_memory_limit", change: 0) { lh_vm_set_memory_limit(lh_vm_of($0), 1 << 30) },
            Case(name: "lh_vm_over_limit", change: 0) { #expect(!lh_vm_over_limit(lh_vm_of($0))) },
            Case(name: "lh_vm_settle", change: 0) { lh_vm_settle(lh_vm_of($0)) },
            Case(name: "lh_turn_begin end is_over", change: 0) {
                var budget = lh_budget(cpu: 1000, memory: 1 << 20, held: 0, place: nil)
                let turn = lh_turn_begin(lh_vm_of($0), &budget)
                #expect(!lh_turn_is_over(lh_vm_of($0)))
                lh_turn_end(lh_vm_of($0), turn, &budget)
            },
            Case(name: "lh_vm_set_cpu_limit", change: 0) { lh_vm_set_cpu_limit(lh_vm_of($0), 1000) },
            Case(name: "lh_thread_time", change: 0) { _ in #expect(lh_thread_time() > 0) },
            Case(name: "lh_turn_end", change: 0) { _ in },
            Case(name: "lh_turn_is_over", change: 0) { #expect(!lh_turn_is_over(lh_vm_of($0))) },
            Case(name: "lh_stall_listen", change: 0) { _ in lh_stall_listen(nil) },
            Case(name: "lh_inner", change: 0) { #expect(lh_inner($0) == nil) },
            Case(name: "lh_vm_count_collections", change: 0) { lh_vm_count_collections(lh_vm_of($0)) },
            Case(name: "lh_vm_collections", change: 0) { #expect(lh_vm_collections(lh_vm_of($0)) == 0) },
            Case(name: "lh_vm_collect", change: 0) { lh_vm_collect(lh_vm_of($0)) },
            Case(name: "lh_vm_fail_allocation", change: 0) { lh_vm_fail_allocation(lh_vm_of($0), 0) },
            Case(name: "lh_vm_live_references", change: 0) {
                #expect(lh_vm_live_references(lh_vm_of($0)) == 1)
            },
            Case(name: "lh_lua_release", change: 0) { _ in
                #expect(String(cString: lh_lua_release()).hasPrefix("Lua 5.4."))
            },
            Case(name: "lh_coroutine_take put discard", change: 0) {
                let vm = lh_vm_of($0)
                lh_coroutine_put(vm, lh_coroutine_take(vm))
                lh_coroutine_discard(vm, lh_coroutine_take(vm))
            },
            Case(name: "lh_coroutine_put", change: 0) {
                lh_coroutine_put(lh_vm_of($0), lh_coroutine_take(lh_vm_of($0)))
            },
            Case(name: "lh_coroutine_discard", change: 0) {
                lh_coroutine_discard(lh_vm_of($0), lh_coroutine_take(lh_vm_of($0)))
            },
        ]
    }

    private static var runningCases: [Case] {
        [
            Case(name: "lh_load", change: 1, body: load("return 1")),
            Case(name: "lh_load of a syntax error", change: 1, body: load("return return")),
            Case(name: "lh_load of bytecode", change: 1, body: load("\u{1B}Lua")),
            Case(name: "lh_push_library", change: 1) { lh_push_library($0) },
            Case(name: "lh_call with results", given: load("return 1, 2, 3"), change: 1) {
                #expect(lh_call($0, 0, 2) == LH_OK)
            },
            Case(name: "lh_call that fails", given: load("error('x')"), change: 0) {
                #expect(lh_call($0, 0, 2) == LH_ERROR_RUNTIME)
            },
            Case(
                name: "lh_resume",
                given: { state in
                    load("return ...")(state)
                    lh_push_integer(state, 1)
                }, change: -1
            ) {
                var results: Int32 = 0
                #expect(lh_resume($0, 1, &results) == LH_OK)
                #expect(results == lh_top($0))
            },
            Case(name: "lh_waiting", change: 0) { _ = lh_waiting(lh_vm_of($0)) },
            Case(
                name: "lh_wait_failed",
                given: {
                    lh_push_nil($0)
                    lh_push_integer($0, 7)
                }, change: 0
            ) {
                lh_wait_failed($0, false)
                #expect(lh_integer($0, -1) == 7)
            },
            Case(
                name: "lh_local",
                given: { state in
                    load("local a, b = 1, 2; error('x')")(state)
                    var results: Int32 = 0
                    #expect(lh_resume(state, 0, &results) == LH_ERROR_RUNTIME)
                }, change: 1
            ) {
                #expect(lh_local($0, 1, 2).map { String(cString: $0) } == "b")
                #expect(lh_integer($0, -1) == 2)
            },
            Case(name: "lh_local of nothing", change: 0) {
                #expect(lh_local($0, 0, 1) == nil)
                #expect(lh_local($0, -1, 1) == nil)
                #expect(lh_local($0, 0, 0) == nil)
            },
            Case(name: "lh_frame", change: 0) {
                var info = lh_frame_info()
                #expect(!lh_frame($0, 0, &info))
                #expect(!lh_frame($0, -1, &info))
            },
            Case(name: "lh_ref_take", given: { lh_push_integer($0, 7) }, change: -1) {
                let reference = lh_ref_take($0)
                lh_ref_free(lh_vm_of($0), reference)
            },
            Case(name: "lh_ref_push", given: { lh_push_integer($0, 7) }, change: 0) {
                let reference = lh_ref_take($0)
                lh_ref_push($0, reference)
                #expect(lh_integer($0, -1) == 7)
                lh_ref_free(lh_vm_of($0), reference)
            },
            Case(name: "lh_ref_free", given: { lh_push_integer($0, 7) }, change: -1) {
                lh_ref_free(lh_vm_of($0), lh_ref_take($0))
            },
        ]
    }

    private static var readingCases: [Case] {
        [
            Case(name: "lh_top", change: 0) { #expect(lh_top($0) == 1) },
            Case(name: "lh_set_top", change: 2) { lh_set_top($0, 3) },
            Case(name: "lh_reserve", change: 0) {
                #expect(lh_reserve($0, 1000))
                #expect(!lh_reserve($0, 2_000_000))
            },
            Case(name: "lh_absolute", change: 0) { #expect(lh_absolute($0, -1) == 1) },
            Case(name: "lh_type_of", change: 0) {
                #expect(lh_type_of($0, 1) == LH_TABLE)
                #expect(lh_type_of($0, 2) == LH_NONE)
            },
            Case(name: "lh_is_integer", given: { lh_push_number($0, 1) }, change: 0) {
                #expect(!lh_is_integer($0, -1))
            },
            Case(name: "lh_boolean", change: 0) { #expect(lh_boolean($0, 1)) },
            Case(name: "lh_integer", given: { lh_push_number($0, 1.5) }, change: 0) {
                #expect(lh_integer($0, -1) == 0)
            },
            Case(name: "lh_integer of text", given: { lh_push_bytes($0, "5", 1) }, change: 0) {
                #expect(lh_integer($0, -1) == 0)
            },
            Case(name: "lh_number", given: { lh_push_integer($0, 2) }, change: 0) {
                #expect(lh_number($0, -1) == 2)
            },
            Case(name: "lh_bytes", given: { lh_push_integer($0, 2) }, change: 0) {
                var size = 5
                #expect(lh_bytes($0, -1, &size) == nil)
                #expect(size == 0)
                #expect(lh_is_integer($0, -1))
            },
            Case(name: "lh_pointer", change: 0) { #expect(lh_pointer($0, 1) != nil) },
            Case(name: "lh_raw_length", change: 0) { #expect(lh_raw_length($0, 1) == 0) },
            Case(name: "lh_is_null", given: { lh_push_light($0, nil) }, change: 0) {
                #expect(lh_is_null($0, -1))
                #expect(!lh_is_null($0, 1))
            },
            Case(name: "lh_is_kind", change: 0) { #expect(!lh_is_kind($0, 1, LH_KIND_ARRAY)) },
            Case(name: "lh_stopped", change: 0) {
                var found = lh_frame_info()
                #expect(!lh_stopped(lh_vm_of($0), &found))
            },
            Case(name: "lh_get_metatable", change: 0) { #expect(!lh_get_metatable($0, 1)) },
            Case(name: "lh_get_metatable of a string", given: { lh_push_bytes($0, "", 0) }, change: 1) {
                #expect(lh_get_metatable($0, -1))
            },
        ]
    }

    private static var pushingCases: [Case] {
        [
            Case(name: "lh_push_nil", change: 1) { lh_push_nil($0) },
            Case(name: "lh_push_boolean", change: 1) { lh_push_boolean($0, true) },
            Case(name: "lh_push_integer", change: 1) { lh_push_integer($0, .min) },
            Case(name: "lh_push_number", change: 1) { lh_push_number($0, .nan) },
            Case(name: "lh_push_bytes", change: 1) { #expect(lh_push_bytes($0, nil, 0)) },
            Case(name: "lh_push_bytes too long", change: 1) {
                #expect(!lh_push_bytes($0, "x", 1 << 30))
                #expect(lh_type_of($0, -1) == LH_NIL)
            },
            Case(name: "lh_push_copy", change: 1) { lh_push_copy($0, 1) },
            Case(name: "lh_push_light", change: 1) { lh_push_light($0, nil) },
            Case(name: "lh_push_table", change: 1) { lh_push_table($0, -1, .max) },
            Case(name: "lh_push_host_function", change: 1) { lh_push_host_function($0, 0, false) },
            Case(name: "lh_push_kind", change: 1) { lh_push_kind($0, LH_KIND_ABORT) },
            Case(name: "lh_mark", change: 0) {
                lh_mark($0, -1, LH_KIND_SAFE)
                #expect(lh_is_kind($0, 1, LH_KIND_SAFE))
            },
            Case(name: "lh_move", change: -1) {
                let vm = lh_vm_of($0)
                let other = lh_coroutine_take(vm)
                lh_move($0, other.state, 1)
                #expect(lh_top(other.state) == 1)
                lh_coroutine_discard(vm, other)
            },
            Case(name: "lh_rotate", given: { lh_push_nil($0) }, change: 0) {
                lh_rotate($0, 1, 1)
                #expect(lh_type_of($0, 1) == LH_NIL)
            },
            Case(name: "lh_remove", change: -1) { lh_remove($0, 1) },
            Case(name: "lh_set_metatable", given: { lh_push_table($0, 0, 0) }, change: -1) {
                lh_set_metatable($0, 1)
            },
            Case(name: "lh_to_string", change: 1) { #expect(lh_to_string($0, 1) == LH_OK) },
            Case(name: "lh_request_begin", change: 1) {
                var request = lh_request()
                let token = lh_request_begin($0, &request)
                lh_request_end(lh_vm_of($0), token)
            },
            Case(name: "lh_request_end", change: 1) {
                var request = lh_request()
                lh_request_end(lh_vm_of($0), lh_request_begin($0, &request))
            },
            Case(name: "lh_request_owner", change: 1) {
                var request = lh_request()
                request.owner = UnsafeMutableRawPointer($0)
                let token = lh_request_begin($0, &request)
                #expect(lh_request_owner($0, -1) == UnsafeMutableRawPointer($0))
                #expect(lh_request_owner($0, 1) == nil && lh_request_owner($0, 9) == nil)
                lh_request_end(lh_vm_of($0), token)
                #expect(lh_request_owner($0, -1) == nil)
            },
        ]
    }

    private static var tableCases: [Case] {
        [
            Case(name: "lh_get_field", change: 1) { #expect(lh_get_field($0, -1, "x", 1) == LH_NUMBER) },
            Case(name: "lh_get_index", change: 1) { #expect(lh_get_index($0, -1, 1) == LH_NIL) },
            Case(name: "lh_get", given: { lh_push_nil($0) }, change: 0) { #expect(lh_get($0, 1) == LH_NIL) },
            Case(name: "lh_set_field", given: { lh_push_nil($0) }, change: -1) {
                lh_set_field($0, -2, "y", 1)
            },
            Case(name: "lh_set_index", given: { lh_push_nil($0) }, change: -1) { lh_set_index($0, 1, 5) },
            Case(
                name: "lh_set",
                given: {
                    lh_push_integer($0, 1)
                    lh_push_integer($0, 2)
                }, change: -2
            ) { #expect(lh_set($0, 1)) },
            Case(
                name: "lh_set with a nil key",
                given: {
                    lh_push_nil($0)
                    lh_push_integer($0, 2)
                }, change: -2
            ) { #expect(!lh_set($0, 1)) },
            Case(
                name: "lh_set with a NaN key",
                given: {
                    lh_push_number($0, .nan)
                    lh_push_integer($0, 2)
                }, change: -2
            ) { #expect(!lh_set($0, 1)) },
            Case(name: "lh_next", given: { lh_push_nil($0) }, change: 1) { #expect(lh_next($0, 1)) },
            Case(name: "lh_next at the end", given: { lh_push_bytes($0, "x", 1) }, change: -1) {
                #expect(!lh_next($0, 1))
            },
        ]
    }
}

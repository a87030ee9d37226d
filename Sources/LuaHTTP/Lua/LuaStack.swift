// SPDX-License-Identifier: MIT

internal import CLua

/// The stack of a Lua thread, as Swift may use it: reading and pushing values, nothing that raises.
///
/// A borrowed view: valid only while the VM lives, and on the VM's own thread. Indices are Lua's:
/// 1 is the bottom, -1 the top. The notation [-pops, +pushes] is the Lua manual's. 20 slots are
/// free at the start of a host function and of a coroutine; reserve more with ``reserve(_:)``.
struct LuaStack {
    let state: OpaquePointer

    /// Index of the top value, which is the number of values.
    var top: Int32 {
        get { lh_top(state) }
        nonmutating set { lh_set_top(state, newValue) }
    }

    /// Makes room for `count` more values; false at Lua's limit of a million.
    func reserve(_ count: Int32) -> Bool { lh_reserve(state, count) }

    func absolute(_ index: Int32) -> Int32 { lh_absolute(state, index) }

    func pop(_ count: Int32 = 1) { lh_set_top(state, -count - 1) }

    // MARK: Reading

    func type(at index: Int32) -> LuaType { LuaType(lh_type_of(state, index)) }

    /// The integer at `index`, if it is a number of subtype integer.
    func integer(at index: Int32) -> Int64? {
        lh_is_integer(state, index) ? lh_integer(state, index) : nil
    }

    /// The number at `index`, of either subtype.
    func number(at index: Int32) -> Double? {
        type(at: index) == .number ? lh_number(state, index) : nil
    }

    /// Lua's truth: everything but nil and false.
    func isTrue(at index: Int32) -> Bool { lh_boolean(state, index) }

    func isNilOrNone(at index: Int32) -> Bool { lh_type_of(state, index).rawValue <= LH_NIL.rawValue }

    /// The bytes of the string at `index`, or nil when it is not a string (numbers are not converted).
    ///
    /// Valid while the string stays on the stack or in a live table; do not keep it.
    func bytes(at index: Int32) -> UnsafeRawBufferPointer? {
        var size = 0
        guard let start = lh_bytes(state, index, &size) else { return nil }
        return UnsafeRawBufferPointer(start: start, count: size)
    }

    /// The string at `index` as text; bytes that are not UTF-8 are replaced. For messages and set-up only.
    func string(at index: Int32) -> String? {
        bytes(at: index).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The bytes of a string, or of a number or boolean as `tostring` gives them; nil for anything else:
    /// no metamethod runs, so it may be used while a table is walked.
    func text(at index: Int32) -> [UInt8]? {
        switch type(at: index) {
        case .string: return bytes(at: index).map { [UInt8]($0) }
        case .number, .boolean:
            defer { pop() }
            guard pushDescription(of: index) == .ok else { return nil }
            return bytes(at: -1).map { [UInt8]($0) }
        default: return nil
        }
    }

    func rawLength(at index: Int32) -> Int { Int(clamping: lh_raw_length(state, index)) }

    /// Identity of a table, function or userdata; nil for plain values.
    func pointer(at index: Int32) -> UnsafeRawPointer? { lh_pointer(state, index) }

    /// luahttpd.null.
    func isNull(at index: Int32) -> Bool { lh_is_null(state, index) }

    /// The owner of the request that the table at `index` stands for; nil when it is none, or one that has ended.
    func requestOwner(at index: Int32) -> UnsafeMutableRawPointer? { lh_request_owner(state, index) }

    func isKind(_ kind: LuaKind, at index: Int32) -> Bool { lh_is_kind(state, index, kind.code) }

    // MARK: Pushing [-0, +1]

    func pushNil() { lh_push_nil(state) }
    func push(_ value: Bool) { lh_push_boolean(state, value) }
    func push(_ value: Int64) { lh_push_integer(state, value) }
    func push(_ value: Double) { lh_push_number(state, value) }
    func pushNull() { lh_push_light(state, nil) }
    func pushCopy(of index: Int32) { lh_push_copy(state, index) }
    func push(_ reference: borrowing LuaRef) { lh_ref_push(state, reference.slot) }
    func push(referenceAt slot: Int32) { lh_ref_push(state, slot) }

    /// Pushes a string. One of 1 GiB or more becomes nil, and false is returned.
    @discardableResult
    func push(_ bytes: UnsafeRawBufferPointer) -> Bool {
        lh_push_bytes(state, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
    }

    @discardableResult
    func push(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { push(UnsafeRawBufferPointer($0)) }
    }

    func push(_ text: StaticString) {
        push(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// A new table with room for that many elements and fields.
    func pushTable(array: Int = 0, fields: Int = 0) {
        lh_push_table(state, Int32(clamping: array), Int32(clamping: fields))
    }

    /// Pushes the metatable that marks a kind. [-0, +1]
    func pushMetatable(of kind: LuaKind) { lh_push_kind(state, kind.code) }

    /// Marks the table at `index` as of a kind (its metatable becomes the kind's).
    func mark(_ index: Int32, as kind: LuaKind) { lh_mark(state, index, kind.code) }

    /// Moves the top `count` values to another thread of the same VM.
    func move(_ count: Int32, to other: LuaStack) { lh_move(state, other.state, count) }

    func rotate(_ index: Int32, by count: Int32) { lh_rotate(state, index, count) }

    func remove(at index: Int32) { lh_remove(state, index) }

    // MARK: Tables, raw: no metamethod runs

    /// Pushes `table[name]`. [-0, +1]
    @discardableResult
    func getField(_ name: StaticString, of table: Int32) -> LuaType {
        name.withUTF8Buffer { getField(UnsafeRawBufferPointer($0), of: table) }
    }

    @discardableResult
    func getField(_ name: UnsafeRawBufferPointer, of table: Int32) -> LuaType {
        LuaType(
            lh_get_field(state, table, name.baseAddress?.assumingMemoryBound(to: CChar.self), name.count))
    }

    /// Pushes `table[index]`. [-0, +1]
    @discardableResult
    func getIndex(_ index: Int64, of table: Int32) -> LuaType { LuaType(lh_get_index(state, table, index)) }

    /// Replaces the key on top by `table[key]`. [-1, +1]
    @discardableResult
    func get(from table: Int32) -> LuaType { LuaType(lh_get(state, table)) }

    /// `table[name] = top`. [-1, +0]
    func setField(_ name: StaticString, of table: Int32) {
        name.withUTF8Buffer { setField(UnsafeRawBufferPointer($0), of: table) }
    }

    func setField(_ name: UnsafeRawBufferPointer, of table: Int32) {
        lh_set_field(state, table, name.baseAddress?.assumingMemoryBound(to: CChar.self), name.count)
    }

    /// `table[index] = top`. [-1, +0]
    func setIndex(_ index: Int64, of table: Int32) { lh_set_index(state, table, index) }

    /// `table[key] = value` with both on top; false (nothing set) for a nil or NaN key. [-2, +0]
    @discardableResult
    func set(in table: Int32) -> Bool { lh_set(state, table) }

    /// Replaces the key on top by the next key and its value, or pops it and returns false at the end.
    ///
    /// Start with nil; the table must not get new keys meanwhile.
    func next(in table: Int32) -> Bool { lh_next(state, table) }

    /// Pushes the metatable of the value at `index`, if it has one. [-0, +(1|0)]
    func getMetatable(of index: Int32) -> Bool { lh_get_metatable(state, index) }

    /// Sets the table on top as metatable of the value at `index`. [-1, +0]
    func setMetatable(of index: Int32) { lh_set_metatable(state, index) }

    // MARK: As a script would do it, protected

    /// The value has a metatable with `__tostring`.
    func hasOwnDescription(at index: Int32) -> Bool {
        guard getMetatable(of: index) else { return false }
        defer { pop(2) }
        return getField("__tostring", of: -1) != .nil
    }

    /// Pushes `tostring(value)`, or the error value. [-0, +1]
    func pushDescription(of index: Int32) -> LuaStatus { LuaStatus(lh_to_string(state, index)) }

    /// Calls the function below its `arguments`; it cannot wait. [-(arguments+1), +results|1]
    func call(arguments: Int32, results: Int32) -> LuaStatus {
        LuaStatus(lh_call(state, arguments, results))
    }
}

/// Types of Lua values; `none` is an index past the top.
enum LuaType: Int32 {
    case none = -1
    case `nil`, boolean, lightUserdata, number, string, table, function, userdata, thread

    init(_ code: lh_type) { self = LuaType(rawValue: code.rawValue) ?? .none }

    /// The name that Lua gives the type.
    var name: String {
        switch self {
        case .none: "nothing"
        case .nil: "nil"
        case .boolean: "boolean"
        case .lightUserdata, .userdata: "userdata"
        case .number: "number"
        case .string: "string"
        case .table: "table"
        case .function: "function"
        case .thread: "coroutine"
        }
    }
}

/// Outcome of running Lua code.
enum LuaStatus {
    case ok
    /// A host function waits: its results go to ``LuaVM/waitingStack``, then resume.
    case awaiting
    /// `coroutine.yield` outside of any coroutine of the script.
    case yielded
    /// These leave the error value on top.
    case runtimeError, syntaxError, memoryError
    /// Ended by the watchdog: there is no error value, and the coroutine can only be discarded.
    case timeError

    init(_ code: lh_status) {
        switch code {
        case LH_OK: self = .ok
        case LH_AWAITING: self = .awaiting
        case LH_YIELDED: self = .yielded
        case LH_ERROR_SYNTAX: self = .syntaxError
        case LH_ERROR_MEMORY: self = .memoryError
        case LH_ERROR_TIME: self = .timeError
        default: self = .runtimeError
        }
    }
}

/// Tables that the library marks by a shared metatable.
enum LuaKind {
    case response, abort, array, object, safe, values, request, task, stream, upload

    var code: lh_kind {
        switch self {
        case .response: LH_KIND_RESPONSE
        case .abort: LH_KIND_ABORT
        case .array: LH_KIND_ARRAY
        case .object: LH_KIND_OBJECT
        case .safe: LH_KIND_SAFE
        case .values: LH_KIND_VALUES
        case .request: LH_KIND_REQUEST
        case .upload: LH_KIND_UPLOAD
        case .task: LH_KIND_TASK
        case .stream: LH_KIND_STREAM
        }
    }
}

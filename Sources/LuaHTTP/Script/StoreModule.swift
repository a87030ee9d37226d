// SPDX-License-Identifier: MIT

internal import NIOCore

/// `app.shared`: the shared stores of the server as scripts use them; CLua/lua/shared.lua wraps it in
/// objects. Belongs to one VM; stores go by the numbers that `open` gave.
final class StoreModule {
    private let stores: SharedStores
    // SAFETY: the VM owns the functions that own this.
    private unowned(unsafe) let vm: LuaVM
    private var opened: [SharedStore] = []
    private var numbers: [String: Int] = [:]

    private init(_ stores: SharedStores, _ vm: LuaVM) {
        self.stores = stores
        self.vm = vm
    }

    /// The functions of `host` that begin with "store_".
    static func functions(_ stores: SharedStores, in vm: LuaVM) -> [(StaticString, HostFunction)] {
        let module = StoreModule(stores, vm)
        return [
            ("store_open", HostFunction("app.shared", body: module.open)),
            ("store_get", HostFunction("get", body: module.get)),
            ("store_versioned", HostFunction("update", body: module.versioned)),
            ("store_replace", HostFunction("update", body: module.replace)),
            ("store_set", HostFunction("set", body: module.set)),
            ("store_add", HostFunction("add", body: module.add)),
            ("store_incr", HostFunction("incr", body: module.increment)),
            ("store_delete", HostFunction("delete", body: module.delete)),
            ("store_keys", HostFunction("keys", body: module.keys)),
            ("store_flush", HostFunction("flush", body: module.flush)),
            ("store_stats", HostFunction("stats", body: module.statistics)),
        ]
    }

    private var now: UInt64 { NIODeadline.now().uptimeNanoseconds }

    // MARK: Functions. The first argument is the number of the store, the second most often the key.

    /// open(name, size or nil) → number
    private func open(_ stack: LuaStack) throws(HostError) -> HostResult {
        guard let name = stack.string(at: 1), !name.isEmpty else {
            throw .message("app.shared expects a name")
        }
        var size: Int?
        if !stack.isNilOrNone(at: 2) {
            size = ByteSize.parse(stack, at: 2)
            guard let size, size > 0 else {
                throw .message("size of app.shared must be a number of bytes or a size such as \"16MiB\"")
            }
        }
        let known = numbers[name]
        if let known, size == nil {
            stack.push(Int64(known))
            return .results(1)
        }
        guard let store = stores.store(named: name, size: size, at: now) else {
            throw .message(
                "more than \(SharedStores.most) shared stores: names must not come from requests (keys may)")
        }
        if known == nil {
            opened.append(store)
            numbers[name] = opened.count
        }
        stack.push(Int64(numbers[name] ?? 0))
        return .results(1)
    }

    /// get(number, key) → value
    private func get(_ stack: LuaStack) throws(HostError) -> HostResult {
        let store = try store(stack)
        let value = try withKey(stack) { store.get($0, at: now) }
        try push(value ?? .nil, on: stack)
        return .results(1)
    }

    /// versioned(number, key) → value, version
    private func versioned(_ stack: LuaStack) throws(HostError) -> HostResult {
        let store = try store(stack)
        let (value, version) = try withKey(stack) { store.versioned($0, at: now) }
        try push(value ?? .nil, on: stack)
        stack.push(Int64(bitPattern: version))
        return .results(2)
    }

    /// replace(number, key, version, value, ttl or nil) → true, or false when the key has changed meanwhile
    private func replace(_ stack: LuaStack) throws(HostError) -> HostResult {
        let store = try store(stack)
        let version = UInt64(bitPattern: stack.integer(at: 3) ?? 0)
        let value = try copy(4, of: stack)
        let lifetime = try lifetime(5, of: stack) ?? .kept
        let outcome: Result<Bool, SharedStore.Failure> = try withKey(stack) { key in
            Result { () throws(SharedStore.Failure) in
                try store.replace(
                    key, ifVersion: version, with: value == .nil ? nil : value, lifetime: lifetime, at: now)
            }
        }
        return try finish(outcome, of: store, on: stack) { stack.push($0) }
    }

    /// set(number, key, value, ttl or nil) → true, or nil and a message
    private func set(_ stack: LuaStack) throws(HostError) -> HostResult {
        let store = try store(stack)
        let value = try copy(3, of: stack)
        let lifetime = try lifetime(4, of: stack) ?? .forever
        guard value != .nil else {
            _ = try withKey(stack) { store.remove($0, at: now) }
            stack.push(true)
            return .results(1)
        }
        let outcome: Result<Void, SharedStore.Failure> = try withKey(stack) { key in
            Result { () throws(SharedStore.Failure) in
                try store.set(key, value, lifetime: lifetime, at: now)
            }
        }
        return try finish(outcome, of: store, on: stack) { stack.push(true) }
    }

    /// add(number, key, value, ttl or nil) → whether it was not there, or nil and a message
    private func add(_ stack: LuaStack) throws(HostError) -> HostResult {
        let store = try store(stack)
        let value = try copy(3, of: stack)
        guard value != .nil else { throw .message("add expects a value, not nil") }
        let lifetime = try lifetime(4, of: stack) ?? .forever
        let outcome: Result<Bool, SharedStore.Failure> = try withKey(stack) { key in
            Result { () throws(SharedStore.Failure) in
                try store.add(key, value, lifetime: lifetime, at: now)
            }
        }
        return try finish(outcome, of: store, on: stack) { stack.push($0) }
    }

    /// incr(number, key, by, init, ttl or nil) → sum, or nil and a message
    private func increment(_ stack: LuaStack) throws(HostError) -> HostResult {
        let store = try store(stack)
        guard stack.type(at: 3) == .number, stack.type(at: 4) == .number else {
            throw .message("incr expects numbers")
        }
        let step = try copy(3, of: stack)
        let initial = try copy(4, of: stack)
        let lifetime = try lifetime(5, of: stack) ?? .forever
        let outcome: Result<LuaValue, SharedStore.Failure> = try withKey(stack) { key in
            Result { () throws(SharedStore.Failure) in
                try store.increment(key, by: step, initial: initial, lifetime: lifetime, at: now)
            }
        }
        return try finish(outcome, of: store, on: stack) { sum throws(HostError) in
            try push(sum, on: stack)
        }
    }

    /// delete(number, key) → whether it was there
    private func delete(_ stack: LuaStack) throws(HostError) -> HostResult {
        let store = try store(stack)
        stack.push(try withKey(stack) { store.remove($0, at: now) })
        return .results(1)
    }

    /// keys(number, prefix) → sorted list
    private func keys(_ stack: LuaStack) throws(HostError) -> HostResult {
        let store = try store(stack)
        let keys = try withKey(stack) { store.keys(prefix: $0, at: now) }
        try push(.list(keys.map { .string($0) }), on: stack)
        return .results(1)
    }

    /// flush(number)
    private func flush(_ stack: LuaStack) throws(HostError) -> HostResult {
        try store(stack).removeAll()
        return .results(0)
    }

    /// stats(number) → table
    private func statistics(_ stack: LuaStack) throws(HostError) -> HostResult {
        let statistics = try store(stack).statistics(at: now)
        stack.pushTable(fields: 7)
        let fields: [(StaticString, Int)] = [
            ("keys", statistics.count), ("bytes", statistics.byteCount), ("size", statistics.size),
            ("hits", statistics.hits), ("misses", statistics.misses), ("evicted", statistics.evictions),
            ("expired", statistics.expirations),
        ]
        for (name, value) in fields {
            stack.push(Int64(value))
            stack.setField(name, of: -2)
        }
        return .results(1)
    }

    // MARK: Arguments and results

    private func store(_ stack: LuaStack) throws(HostError) -> SharedStore {
        guard let number = stack.integer(at: 1), number >= 1, number <= opened.count else {
            throw .message("not a shared store")
        }
        return opened[Int(number) - 1]
    }

    /// A string, or the digits of an integer, as Lua itself converts them.
    private func withKey<Result>(
        _ stack: LuaStack, _ body: (UnsafeRawBufferPointer) -> Result
    ) throws(HostError) -> Result {
        if let key = stack.bytes(at: 2) { return body(key) }
        guard let integer = stack.integer(at: 2) else {
            throw .message("a key must be a string, not \(stack.type(at: 2).name)")
        }
        var text = String(integer)
        return text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    }

    private func copy(_ index: Int32, of stack: LuaStack) throws(HostError) -> LuaValue {
        do throws(LuaValueError) {
            return try LuaValue(copying: index, of: stack)
        } catch {
            throw .message(error.description)
        }
    }

    private func push(_ value: LuaValue, on stack: LuaStack) throws(HostError) {
        do throws(LuaValueError) {
            try stack.push(value, limitedBy: vm)
        } catch {
            throw .message(error.description)
        }
    }

    /// Seconds at `index`; nil where there are none.
    private func lifetime(_ index: Int32, of stack: LuaStack) throws(HostError) -> SharedStore.Lifetime? {
        if stack.isNilOrNone(at: index) { return nil }
        guard let seconds = stack.number(at: index), seconds > 0 else {
            throw .message("ttl must be a positive number of seconds")
        }
        // A century is far from overflow in nanoseconds; math.huge is what authors write for no end.
        guard seconds <= 3e9 else { return .forever }
        return .nanoseconds(UInt64(exactly: (seconds * 1e9).rounded(.up)) ?? .max)
    }

    private func finish<Value>(
        _ outcome: Result<Value, SharedStore.Failure>, of store: SharedStore, on stack: LuaStack,
        _ pushResult: (Value) throws(HostError) -> Void
    ) throws(HostError) -> HostResult {
        switch outcome {
        case .success(let value):
            try pushResult(value)
            return .results(1)
        case .failure(.tooLarge):
            stack.pushNil()
            stack.push("the value does not fit: the store has \(store.size) bytes")
            return .results(2)
        case .failure(.notANumber(let value)):
            throw .message("incr: the value is \(value.kind), not a number")
        }
    }
}

extension LuaValue {
    /// For messages.
    var kind: String {
        switch self {
        case .nil: "nil"
        case .null: "null"
        case .boolean: "a boolean"
        case .integer, .number: "a number"
        case .string: "a string"
        case .list, .map: "a table"
        }
    }
}

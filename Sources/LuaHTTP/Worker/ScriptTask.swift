// SPDX-License-Identifier: MIT

/// A fiber that runs one function of a script: of `app.async`, `app.spawn` or a timer. What it returned or
/// raised ends up in the table that scripts hold (CLua/lua/tasks.lua), and with those who await it.
final class ScriptTask: Fiber {
    let number: Int64
    private let owner: Fiber?
    private let name: String
    /// The script's table; kept until the task has ended.
    private var table: LuaRef?
    private var waits: [TaskWait] = []
    private(set) var hasEnded = false
    /// What it failed with.
    private(set) var error: ScriptError?
    /// Called once, when it has ended.
    var onEnd: (() -> Void)?

    /// - Parameters:
    ///   - owner: the fiber that it ends with; nil for one that outlives it.
    ///   - name: for the log.
    ///   - function: on top of a fresh coroutine, below its `arguments`.
    init(
        number: Int64, owner: Fiber?, name: String, calling function: LuaCoroutine, arguments: Int32,
        table: consuming LuaRef?, worker: Worker, generation: Generation
    ) {
        self.number = number
        self.owner = owner
        self.name = name
        self.table = table
        super.init(worker: worker, generation: generation)
        coroutine = function
        pendingArguments = arguments
        generation.enter()
    }

    override var root: Fiber { owner ?? self }
    override var label: String { owner?.label ?? name }

    /// Lets it run in the next turn: Lua is not entered from within itself.
    func start() {
        let wait = nextWait()
        beginWait(wait, .nothing)
        worker.wakeSoon(self, wait)
    }

    /// Ends it: it does nothing more, but one that cancels itself goes on until it waits. `<close>` variables run,
    /// and those who await it are told, soon if Lua code is running just now.
    func cancel() {
        guard !hasEnded else { return }
        guard worker.current == nil else {
            if callOffWait() { setState("cancelled") }
            return worker.soon { self.cancel() }
        }
        hasEnded = true
        dropCoroutine(finished: false)
        setState("cancelled")
        end(.error(.message("the task was cancelled")))
    }

    // MARK: Its end

    override func stopped(_ status: LuaStatus) {
        guard let coroutine, !hasEnded else { return }
        let stack = coroutine.stack
        switch status {
        case .awaiting: return
        case .ok: succeed(on: stack)
        case .yielded:
            stack.push(Self.strayYield(on: stack).description)
            fail(on: stack, .runtimeError)
        case .runtimeError, .syntaxError: fail(on: stack, status)
        case .memoryError, .timeError: exceedLimit(on: stack, status)
        }
    }

    private func succeed(on stack: LuaStack) {
        hasEnded = true
        let count = stack.top
        if pushTable(on: stack) {
            for index in stride(from: count, through: 1, by: -1) {
                stack.pushCopy(of: index)
                stack.setIndex(Int64(index), of: count + 1)
            }
            stack.push(Int64(count))
            stack.setField("n", of: count + 1)
        }
        dropCoroutine(finished: true)
        setState("done")
        end(nil)
    }

    /// It was ended: its stack stays as it is. What is raised where it is awaited says why, in the words that its own
    /// request would be answered with.
    private func exceedLimit(on stack: LuaStack, _ status: LuaStatus) {
        hasEnded = true
        let error = ScriptError(takingFrom: stack, status: status)
        let main = generation.vm.main
        if pushTable(on: main) {
            main.push(error.description)
            main.setField("error", of: -2)
            main.pop()
        }
        settleFailed(error)
    }

    /// With the error value on top of `stack`.
    private func fail(on stack: LuaStack, _ status: LuaStatus) {
        hasEnded = true
        let value = stack.absolute(-1)
        if pushTable(on: stack) {
            stack.pushCopy(of: value)
            stack.setField("error", of: -2)
            stack.pop()
        }
        settleFailed(ScriptError(takingFrom: stack, status: status))
    }

    private func settleFailed(_ failure: ScriptError) {
        var failure = failure
        if let cause { failure.continue(from: cause) }
        error = failure
        dropCoroutine(finished: false)
        setState("failed")
        end(.rethrown { stack in self.pushError(on: stack) })
    }

    /// Tells those who wait, the owner and the worker.
    private func end(_ failure: Outcome?) {
        endTasks()
        endBelongings()
        let waits = waits
        self.waits = []
        for wait in waits { wait.ended(self, failure) }
        let isLost = error != nil && waits.isEmpty
        owner?.tasks.remove(self)
        worker.tasks[number] = nil
        if isLost, let owner { owner.tasks.keep(failed: self) } else { letGo() }
        if isLost, owner == nil { worker.logFailure(of: self) }
        onEnd?()
        onEnd = nil
        generation.leave()
    }

    func letGo() { table = nil }

    // MARK: Those who await it

    func add(_ wait: TaskWait) { waits.append(wait) }

    func remove(_ wait: TaskWait) { waits.removeAll { $0 === wait } }

    /// Somebody has awaited it after it had failed.
    var isSeen: Bool {
        let stack = generation.vm.main
        guard pushTable(on: stack) else { return false }
        defer { stack.pop(2) }
        stack.getField("seen", of: -1)
        return stack.isTrue(at: -1)
    }

    // MARK: The script's table

    /// False, and nothing pushed, for tasks that no script knows. [-0, +1]
    private func pushTable(on stack: LuaStack) -> Bool {
        guard let slot = table?.slot else { return false }
        stack.push(referenceAt: slot)
        return true
    }

    private func setState(_ state: StaticString) {
        let stack = generation.vm.main
        guard pushTable(on: stack) else { return }
        stack.push(state)
        stack.setField("state", of: -2)
        stack.pop()
    }

    private func pushError(on stack: LuaStack) {
        guard pushTable(on: stack) else { return stack.pushNil() }
        stack.getField("error", of: -1)
        stack.remove(at: -2)
    }
}

/// The tasks of a fiber.
struct TaskGroup {
    private var running: [Int64: ScriptTask] = [:]
    /// Their errors are logged if nobody awaits them.
    private var failed: [ScriptTask] = []

    var isEmpty: Bool { running.isEmpty && failed.isEmpty }

    mutating func add(_ task: ScriptTask) { running[task.number] = task }

    mutating func remove(_ task: ScriptTask) { running[task.number] = nil }

    mutating func keep(failed task: ScriptTask) { failed.append(task) }

    fileprivate func end() {
        for task in running.values.sorted(by: { $0.number < $1.number }) { task.cancel() }
        for task in failed {
            if !task.isSeen { task.worker.logFailure(of: task) }
            task.letGo()
        }
    }
}

extension Fiber {
    /// Cancels the tasks that are this fiber's, and logs the errors that nobody has seen.
    func endTasks() {
        // `<close>` variables may start new ones.
        while !tasks.isEmpty {
            let group = tasks
            tasks = TaskGroup()
            group.end()
        }
    }
}

extension ScriptError {
    /// If this is the error of a task, raised again where it was awaited: it is of the same kind, and the task's calls
    /// come first.
    mutating func `continue`(from cause: ScriptError) {
        // An error value that is no text names no place: it is where it was raised, not where it was awaited.
        let namesPlace = origin == .message || cause.origin == .message
        guard message == cause.message, !namesPlace || file == cause.file && line == cause.line else {
            return
        }
        (file, line, origin) = (cause.file, cause.line, cause.origin)
        kind = cause.kind
        frames = cause.frames + frames
    }
}

// SPDX-License-Identifier: MIT

internal import Logging

/// What scripts may do with tasks: `app.async`, `app.spawn`, `app.await`, `app.timeout`, `task:cancel()`.
extension Worker: TaskServices {
    func startTask(on stack: LuaStack) throws(HostError) {
        guard let fiber = current else { throw .message("no task can run here: nothing is running") }
        let vm = fiber.generation.vm
        let coroutine = vm.takeCoroutine()
        let outlives = stack.isTrue(at: 1)
        let (table, function) = (Int32(2), Int32(3))
        let arguments = stack.top - function
        guard coroutine.stack.reserve(arguments + 1) else {
            vm.put(coroutine)
            throw .message("too many arguments for a task")
        }
        stack.move(arguments + 1, to: coroutine.stack)
        lastTask &+= 1
        stack.push(lastTask)
        stack.setField("id", of: table)
        let owner = outlives ? nil : fiber.root
        let task = ScriptTask(
            number: lastTask, owner: owner, name: "app.spawn", calling: coroutine, arguments: arguments,
            table: LuaRef(taking: stack, of: vm), worker: self, generation: fiber.generation)
        owner?.tasks.add(task)
        run(task)
    }

    /// A task of the server's own, that no script knows.
    func makeTask(_ name: String, calling function: LuaCoroutine, of generation: Generation) -> ScriptTask {
        lastTask &+= 1
        return ScriptTask(
            number: lastTask, owner: nil, name: name, calling: function, arguments: 0, table: nil,
            worker: self,
            generation: generation)
    }

    /// Lets a new task run.
    func run(_ task: ScriptTask) {
        tasks[task.number] = task
        task.start()
    }

    func awaitTasks(on stack: LuaStack) throws(HostError) {
        let fiber = try runningFiber()
        let seconds = stack.number(at: 1)
        let wait = TaskWait(of: fiber, number: fiber.nextWait())
        for index in stride(from: Int32(2), through: stack.top, by: 1) {
            guard let task = task(at: index, of: stack) else { continue }
            guard task !== fiber else { throw .message("a task cannot await itself") }
            wait.add(task)
        }
        wait.begin(seconds: seconds)
    }

    func cancelTask(on stack: LuaStack) { task(at: 1, of: stack)?.cancel() }

    /// The task whose table is at `index`, unless it has ended.
    private func task(at index: Int32, of stack: LuaStack) -> ScriptTask? {
        guard stack.type(at: index) == .table else { return nil }
        stack.getField("id", of: index)
        defer { stack.pop() }
        return stack.integer(at: -1).flatMap { tasks[$0] }
    }

    /// Ends what still runs of a generation that is out of force.
    func cancelTasks(of old: Generation) {
        for task in Array(tasks.values) where task.generation === old { task.cancel() }
    }

    func logFailure(of task: ScriptTask) {
        guard let error = task.error else { return }
        logger.error("\(task.label): a task failed\n\(LogText.block(ScriptReport(error).text))")
    }
}

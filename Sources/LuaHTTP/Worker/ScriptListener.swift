// SPDX-License-Identifier: MIT

/// A function that the main script subscribed: called with one message after the other, each call a task of
/// its own, so that it may wait. Errors are logged as those of tasks are.
final class ScriptListener: TopicListener {
    let topics: [[UInt8]]
    // SAFETY: a worker stops its listeners before it lets a generation go, and tasks keep theirs.
    private unowned(unsafe) let worker: Worker
    private unowned(unsafe) let generation: Generation
    private let handler: Int
    private var queue: MessageQueue
    private var isRunning = false

    init(_ subscription: AppDefinition.Subscription, of generation: Generation, on worker: Worker) {
        topics = subscription.topics
        handler = subscription.handler
        queue = MessageQueue(capacity: subscription.queue)
        self.worker = worker
        self.generation = generation
    }

    func take(_ message: TopicHub.Message) {
        queue.append(message)
        callNext()
    }

    private func callNext() {
        guard !isRunning, let message = queue.popFirst() else { return }
        isRunning = true
        let coroutine = generation.vm.takeCoroutine()
        generation.handlers.push(handler, on: coroutine.stack)
        coroutine.stack.push(message, limitedBy: generation.vm)
        let task = worker.makeTask("app.subscribe", calling: coroutine, of: generation)
        task.pendingArguments = 2
        task.onEnd = {
            self.isRunning = false
            self.callNext()
        }
        worker.run(task)
    }

    /// It gets no new messages; those that have arrived are still handled.
    func stop() { worker.topics.remove(self) }
}

@available(*, unavailable)
extension ScriptListener: Sendable {}

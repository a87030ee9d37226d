// SPDX-License-Identifier: MIT

internal import NIOCore
internal import Synchronization

/// What was published for a worker and not delivered yet: filled from any thread, emptied on the worker's
/// loop, which is woken once for as many messages as there are.
final class TopicMailbox: TopicHub.Receiver {
    private struct Content {
        var messages: [TopicHub.Message] = []
        var dropped = 0
        var isOpen = true
    }

    /// A worker that takes nothing for so long is stuck: it must not fill the memory of the others.
    static let most = 65_536

    private let loop: any EventLoop
    private let content = Mutex(Content())
    private let deliver: NIOLoopBound<([TopicHub.Message], _ dropped: Int) -> Void>

    /// - Parameter deliver: called on the loop.
    init(loop: any EventLoop, deliver: @escaping ([TopicHub.Message], _ dropped: Int) -> Void) {
        self.loop = loop
        self.deliver = NIOLoopBound(deliver, eventLoop: loop)
    }

    func receive(_ message: TopicHub.Message) {
        let isFirst = content.withLock { content in
            guard content.isOpen else { return false }
            guard content.messages.count < Self.most else {
                content.dropped += 1
                return false
            }
            content.messages.append(message)
            return content.messages.count == 1
        }
        if isFirst { loop.execute { self.empty() } }
    }

    private func empty() {
        let (messages, dropped) = content.withLock { content in
            let taken = (content.messages, content.dropped)
            content.messages = []
            content.dropped = 0
            return taken
        }
        guard !messages.isEmpty else { return }
        deliver.value(messages, dropped)
    }

    /// Nothing is delivered any more.
    func close() {
        content.withLock { content in
            content.isOpen = false
            content.messages = []
        }
    }
}

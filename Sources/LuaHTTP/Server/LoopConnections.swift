// SPDX-License-Identifier: MIT
import NIOCore

/// A connection that wants to know of passing time and of shutdown.
protocol TimedConnection: AnyObject {
    /// Where it is in its LoopConnections; theirs to change.
    var loopIndex: Int { get set }
    /// `now`: Clock.milliseconds(). Called about twice a second; may close the connection.
    func tick(now: UInt64)
    /// Close soon if idle, else after the answer being made.
    func beginDrain()
    /// Make room for another connection, if this one has had nothing to do for a while.
    func closeIfIdle(now: UInt64) -> Bool
}

/// The connections of one event loop and what they share: one timer for all of them, armed only while there
/// are any; the Date line; a spare output buffer. Confined to its loop. Does not know what the connections
/// speak.
final class LoopConnections: NIOScheduledCallbackHandler {
    /// Timeouts are exact to this; a walk over ten thousand connections costs some 50 µs.
    static let interval = TimeAmount.milliseconds(500)
    private static let spareCapacity = 64 << 10

    let eventLoop: any EventLoop
    var date = DateCache()
    /// The same for answers that are encrypted, with what is said to those alone.
    var encryptedDate: DateCache
    /// Of answers over HTTP/2; made when the first is.
    private(set) lazy var http2Heads = HTTP2ResponseHeads(strictTransport: strictTransport)
    /// The value of Strict-Transport-Security, for answers that are encrypted; nil for none.
    private let strictTransport: String?
    /// Since the start.
    struct Traffic {
        var accepted: UInt64 = 0
        /// Bytes.
        var received: UInt64 = 0
        var sent: UInt64 = 0
    }

    var traffic = Traffic()
    private var members: [any TimedConnection] = []
    private var isArmed = false
    /// When the next tick is expected; 0 before the first.
    private var dueAt: UInt64 = 0
    private static let lateness: UInt64 = 2000
    private(set) var isDraining = false
    private var spare: ByteBuffer?
    /// Where `shed` looked last, so that it goes round.
    private var sheddingIndex = 0
    /// Bounds what a new connection costs while the server is full.
    private static let mostLookedAt = 128

    init(eventLoop: any EventLoop, strictTransport: String? = nil) {
        self.eventLoop = eventLoop
        self.strictTransport = strictTransport
        encryptedDate = DateCache(
            followedBy: strictTransport.map { "Strict-Transport-Security: \($0)\r\n" } ?? "")
    }

    var count: Int { members.count }

    func add(_ connection: any TimedConnection) {
        connection.loopIndex = members.count
        members.append(connection)
        arm()
    }

    func remove(_ connection: any TimedConnection) {
        let index = connection.loopIndex
        guard index >= 0, index < members.count, members[index] === connection else { return }
        let last = members.removeLast()
        if last !== connection {
            members[index] = last
            last.loopIndex = index
        }
        connection.loopIndex = -1
    }

    /// Connections that come later are told at once.
    func beginDrain() {
        isDraining = true
        forEach { $0.beginDrain() }
    }

    func handleScheduledCallback(eventLoop: some EventLoop) {
        isArmed = false
        tick(now: Clock.milliseconds())
        arm()
    }

    /// A tick that comes much too late says that this process stood still (SIGSTOP, a sleeping machine, a handler
    /// that did not return): what clients have sent meanwhile is not read yet, and they are not to blame.
    func tick(now: UInt64) {
        let isLate = dueAt > 0 && now > dueAt &+ Self.lateness
        dueAt = now &+ UInt64(Self.interval.nanoseconds / 1_000_000)
        if !isLate { forEach { $0.tick(now: now) } }
    }

    /// Closes one connection that has been idle for a while; false if none of those looked at was.
    func shed() -> Bool {
        guard !members.isEmpty else { return false }
        let now = Clock.milliseconds()
        for _ in 0..<min(members.count, Self.mostLookedAt) {
            sheddingIndex = sheddingIndex &+ 1 < members.count ? sheddingIndex &+ 1 : 0
            if members[sheddingIndex].closeIfIdle(now: now) { return true }
        }
        return false
    }

    /// From the end, because a connection may remove itself: the one moved into its place was already
    /// visited.
    func forEach(_ body: (any TimedConnection) -> Void) {
        var index = members.count - 1
        while index >= 0 {
            if index < members.count { body(members[index]) }
            index -= 1
        }
    }

    private func arm() {
        guard !isArmed, !members.isEmpty else {
            if !isArmed { dueAt = 0 }  // nobody to tell, no tick to wait for
            return
        }
        let loop = eventLoop.assumeIsolated()
        isArmed = (try? loop.scheduleCallback(in: LoopConnections.interval, handler: self)) != nil
    }

    // MARK: Output buffer

    /// The buffer connections collect a burst of answers in. Taken and given back, never shared: while one
    /// connection has it, another gets a new one.
    func takeBuffer() -> ByteBuffer {
        guard let buffer = spare else { return ByteBuffer() }
        spare = nil
        return buffer
    }

    /// A huge one is not kept. One that is still on its way costs an allocation here: it cannot be cleared in
    /// place.
    func giveBack(_ buffer: inout ByteBuffer) {
        let capacity = buffer.capacity
        guard spare == nil, capacity > 0, capacity <= LoopConnections.spareCapacity else { return }
        buffer.clear()
        spare = buffer
    }
}

@available(*, unavailable)
extension LoopConnections: Sendable {}

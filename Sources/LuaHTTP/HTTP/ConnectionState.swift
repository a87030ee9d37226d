// SPDX-License-Identifier: MIT

/// One HTTP/1.1 connection's life as a pure state machine: which request is where, may it live on, what to do
/// when time passes. Events come in, verdicts go out. Knows no bytes, no sockets and no clock of its own.
struct ConnectionState {
    enum Phase: Equatable, Sendable {
        /// Between requests: nothing of the next one has arrived.
        case idle
        /// Part of a head has arrived.
        case head
        /// The head is complete, the body is not.
        case body
        /// The request is complete, the answer is not.
        case handling
        /// The connection has been handed to another protocol.
        case upgraded
        /// The last answer is out (or none is owed): what still arrives is dropped until the client closes.
        case lingering
        case closed
    }

    enum Answer: Equatable, Sendable { case none, begun, complete }

    /// After a part of the exchange ended.
    enum Step: Equatable {
        /// Go on: read the rest of the body, or wait for the answer.
        case wait
        /// The exchange is over; the next request may be read.
        case next
        /// The exchange is over and it was the last one: `close()`.
        case last
    }

    /// How to end the connection, once everything written is out.
    enum Closing: Equatable {
        /// Send FIN, then drop what arrives: an unread byte would make the kernel send RST and the client
        /// lose the answer (RFC 9112 §9.6).
        case linger
        /// The client has sent FIN already: nothing to drop.
        case now
    }

    /// What a timer tick calls for.
    enum Timeout: Equatable {
        case none
        /// Answer with this and close.
        case fail(HTTPError)
        /// Nobody is owed an answer: FIN.
        case linger
        case close
    }

    private let limits: Limits
    private(set) var phase = Phase.idle
    private(set) var answer = Answer.none
    private(set) var inputClosed = false
    private(set) var isDraining = false
    private(set) var requests = 0
    /// The connection may carry another request after this one.
    private(set) var persists = true

    private var deadline: UInt64
    private var windowEnd: UInt64 = 0
    private var windowBytes = 0
    /// The body waits for its reader, not for the client: no time limit runs.
    private(set) var isBodyPaused = false
    private var lingerEnd: UInt64 = .max
    /// Bytes dropped, of an unwanted body or while lingering.
    private var dropped = 0

    init(limits: Limits, now: UInt64) {
        self.limits = limits
        deadline = now &+ limits.idleTime
    }

    // MARK: The request

    /// The first byte of a head. The time for it does not start again with later bytes.
    mutating func headBegan(now: UInt64) {
        guard phase == .idle else { return }
        phase = .head
        deadline = now &+ limits.headTime
    }

    /// `persists`: what the request's version and Connection field say.
    mutating func headCompleted(persists: Bool, hasBody: Bool, now: UInt64) {
        requests &+= 1
        answer = .none
        dropped = 0
        self.persists = persists && !isDraining && requests < limits.requestsPerConnection
        phase = hasBody ? .body : .handling
        if hasBody { restartBodyClock(now) }
    }

    /// `isDropped`: nobody wants these bytes.
    mutating func bodyReceived(_ count: Int, isDropped: Bool = false, now: UInt64) {
        guard count > 0 else { return }
        deadline = now &+ limits.bodyTime
        let (sum, overflow) = windowBytes.addingReportingOverflow(count)
        windowBytes = overflow ? .max : sum
        if isDropped { dropped &+= count }
    }

    mutating func pauseBody() { isBodyPaused = true }

    mutating func resumeBody(now: UInt64) {
        if isBodyPaused { restartBodyClock(now) }
    }

    /// True: so much of an unwanted body was read that closing is cheaper than going on.
    var hasDroppedEnough: Bool { dropped > limits.discardedBody }

    mutating func bodyCompleted(now: UInt64) -> Step {
        guard phase == .body else { return .wait }
        phase = .handling
        return settle(now)
    }

    // MARK: The answer

    /// May an answer begin?
    var mayAnswer: Bool { answer == .none && (phase == .body || phase == .handling) }

    /// `closes`: the answer ends with the connection, or the application wants it so.
    mutating func answerBegan(closes: Bool) {
        answer = .begun
        if closes || isDraining { persists = false }
    }

    mutating func answerCompleted(now: UInt64) -> Step {
        answer = .complete
        if phase == .body, persists { restartBodyClock(now) }
        return settle(now)
    }

    /// The request cannot be answered as it should: whatever follows on the connection is not to be trusted.
    mutating func failed() {
        persists = false
        // An error before the head was complete is still answered.
        if phase == .idle || phase == .head { answer = .none }
        if phase != .lingering, phase != .closed { phase = .handling }
    }

    /// The connection leaves HTTP/1.1 (RFC 9110 §7.8).
    mutating func upgraded() {
        answer = .complete
        phase = .upgraded
    }

    private mutating func settle(_ now: UInt64) -> Step {
        guard answer == .complete else { return .wait }
        guard persists else { return .last }
        guard phase == .handling else { return .wait }
        phase = .idle
        deadline = now &+ limits.idleTime
        return .next
    }

    private mutating func restartBodyClock(_ now: UInt64) {
        deadline = now &+ limits.bodyTime
        windowEnd = now &+ limits.bodyTime
        windowBytes = 0
        isBodyPaused = false
    }

    // MARK: The end

    /// The client has sent FIN. What it sent before is still served (RFC 9112 §9.6). True: close for good.
    mutating func inputEnded() -> Bool {
        inputClosed = true
        return phase == .lingering && deadline != .max
    }

    /// Everything owed is written (not yet sent): how to close?
    mutating func close() -> Closing {
        persists = false
        deadline = .max  // a slow reader of a long answer has the write stall timeout, not this one
        dropped = 0
        phase = .lingering
        return inputClosed ? .now : .linger
    }

    /// The last byte and our FIN are sent: the time for lingering starts. True: nothing to linger for.
    mutating func outputClosed(now: UInt64) -> Bool {
        deadline = now &+ limits.lingerIdle
        lingerEnd = now &+ limits.lingerTotal
        return inputClosed
    }

    /// While lingering. True: enough, close for good.
    mutating func lingerReceived(_ count: Int, now: UInt64) -> Bool {
        dropped = dropped.addingReportingOverflow(count).partialValue
        if deadline != .max { deadline = min(now &+ limits.lingerIdle, lingerEnd) }
        return dropped > limits.lingerBytes || dropped < 0
    }

    mutating func closed() { phase = .closed }

    /// Nothing is being received or answered, and has not been for so long.
    func hasBeenIdle(for milliseconds: UInt64, now: UInt64) -> Bool {
        phase == .idle && now &+ limits.idleTime >= deadline &+ milliseconds
    }

    /// The next answer is the last. An idle connection is closed by `tick`, a little later: a request that is on
    /// its way just now is answered, with `Connection: close`, instead of being lost (RFC 9112 §9.5).
    mutating func drain(now: UInt64) {
        isDraining = true
        persists = false
        if phase == .idle { deadline = min(deadline, now &+ limits.drainTime) }
    }

    /// Called about twice a second.
    mutating func tick(now: UInt64) -> Timeout {
        switch phase {
        case .idle:
            return now >= deadline ? .linger : .none
        case .head:
            return now >= deadline ? .fail(HTTPError(408, "request head timed out", limit: .headTime)) : .none
        case .body:
            guard let limit = lateness(now) else { return .none }
            return answer == .none ? .fail(HTTPError(408, "request body timed out", limit: limit)) : .close
        case .lingering:
            return now >= deadline ? .close : .none
        case .handling, .upgraded, .closed:
            return .none
        }
    }

    /// Which limit a body has broken.
    private mutating func lateness(_ now: UInt64) -> Limits.Name? {
        if isBodyPaused { return nil }
        if now >= deadline { return .bodyTime }
        guard now >= windowEnd else { return nil }
        if windowBytes < limits.bodyBytesPerWindow { return .bodyRate }
        windowEnd = now &+ limits.bodyTime
        windowBytes = 0
        return nil
    }
}

// SPDX-License-Identifier: MIT
import Testing

@testable import LuaHTTP

@Suite("ConnectionState")
struct ConnectionStateTests {
    private static let start: UInt64 = 1_000_000

    private func state(_ change: (inout Limits) -> Void = { _ in }) -> ConnectionState {
        var limits = Limits()
        change(&limits)
        return ConnectionState(limits: limits, now: Self.start)
    }

    /// A request without a body up to its handling.
    private func handle(_ state: inout ConnectionState, persists: Bool = true, now: UInt64 = start) {
        state.headCompleted(persists: persists, hasBody: false, now: now)
        #expect(state.phase == .handling && state.mayAnswer)
    }

    @Test("a request and its answer lead back to idle")
    func keepAlive() {
        var state = state()
        #expect(state.phase == .idle && !state.mayAnswer)
        state.headBegan(now: Self.start)
        #expect(state.phase == .head && !state.mayAnswer)
        handle(&state)
        state.answerBegan(closes: false)
        #expect(!state.mayAnswer && state.persists)
        #expect(state.answerCompleted(now: Self.start) == .next)
        #expect(state.phase == .idle && state.requests == 1)
    }

    @Test("each reason to close makes the answer the last one")
    func lastAnswers() {
        var byClient = state()
        handle(&byClient, persists: false)
        #expect(!byClient.persists)
        byClient.answerBegan(closes: false)
        #expect(byClient.answerCompleted(now: 0) == .last)

        var byAnswer = state()
        handle(&byAnswer)
        byAnswer.answerBegan(closes: true)
        #expect(!byAnswer.persists && byAnswer.answerCompleted(now: 0) == .last)

        var byDrain = state()
        handle(&byDrain)
        byDrain.drain(now: 0)
        byDrain.answerBegan(closes: false)
        #expect(!byDrain.persists && byDrain.answerCompleted(now: 0) == .last)
    }

    @Test("the last request of a connection is the one the limit names")
    func requestLimit() {
        var state = state { $0.requestsPerConnection = 3 }
        for number in 1...3 {
            handle(&state)
            #expect(state.persists == (number < 3))
            state.answerBegan(closes: false)
            #expect(state.answerCompleted(now: 0) == (number < 3 ? .next : .last))
        }
    }

    @Test("a body is read before the request is handled")
    func body() {
        var state = state()
        state.headCompleted(persists: true, hasBody: true, now: Self.start)
        #expect(state.phase == .body && state.mayAnswer)
        state.bodyReceived(10, now: Self.start)
        #expect(state.bodyCompleted(now: Self.start) == .wait)
        #expect(state.phase == .handling && state.mayAnswer)
    }

    @Test("an early answer waits for the end of the body it did not want")
    func earlyAnswer() {
        var state = state { $0.discardedBody = 100 }
        state.headCompleted(persists: true, hasBody: true, now: Self.start)
        state.answerBegan(closes: false)
        #expect(state.answerCompleted(now: Self.start) == .wait)
        state.bodyReceived(100, isDropped: true, now: Self.start)
        #expect(!state.hasDroppedEnough)
        state.bodyReceived(1, isDropped: true, now: Self.start)
        #expect(state.hasDroppedEnough)
        #expect(state.bodyCompleted(now: Self.start) == .next)
        #expect(state.phase == .idle)
    }

    @Test("an early answer that closes does not wait for the body")
    func earlyLastAnswer() {
        var state = state()
        state.headCompleted(persists: true, hasBody: true, now: Self.start)
        state.answerBegan(closes: true)
        #expect(state.answerCompleted(now: Self.start) == .last)
    }

    @Test("a body that ends while its early answer is streamed waits for the answer")
    func earlyStream() {
        var state = state()
        state.headCompleted(persists: true, hasBody: true, now: Self.start)
        state.answerBegan(closes: false)
        #expect(state.bodyCompleted(now: Self.start) == .wait)
        #expect(state.answerCompleted(now: Self.start) == .next)
    }

    @Test("a fault in a head is answered and ends the connection, also after earlier requests")
    func faults() {
        var state = state()
        handle(&state)
        state.answerBegan(closes: false)
        _ = state.answerCompleted(now: 0)
        state.headBegan(now: 0)
        state.failed()
        #expect(state.mayAnswer && !state.persists)
        state.answerBegan(closes: false)
        #expect(state.answerCompleted(now: 0) == .last)
    }

    @Test("closing lingers unless the client has closed already")
    func closing() {
        var open = state()
        #expect(open.close() == .linger)
        var shut = state()
        #expect(shut.inputEnded() == false)
        #expect(shut.close() == .now)
        #expect(shut.outputClosed(now: 0) == true)
    }

    @Test("lingering ends with FIN, silence, its time or its bytes")
    func lingering() {
        func lingering() -> ConnectionState {
            var state = state { $0.lingerBytes = 10 }
            _ = state.close()
            #expect(state.tick(now: .max - 1) == .none)  // the answer is still on its way
            #expect(state.outputClosed(now: Self.start) == false)
            return state
        }
        var byFIN = lingering()
        #expect(byFIN.inputEnded() == true)
        var bySilence = lingering()
        #expect(bySilence.tick(now: Self.start + 1999) == .none)
        #expect(bySilence.tick(now: Self.start + 2000) == .close)
        var byTime = lingering()
        for second in UInt64(1)...4 {
            #expect(byTime.lingerReceived(1, now: Self.start + second * 1000) == false)
        }
        #expect(byTime.tick(now: Self.start + 4999) == .none)
        #expect(byTime.tick(now: Self.start + 5000) == .close)
        var byBytes = lingering()
        #expect(byBytes.lingerReceived(10, now: Self.start) == false)
        #expect(byBytes.lingerReceived(1, now: Self.start) == true)
        #expect(byBytes.lingerReceived(.max, now: Self.start) == true)
    }

    @Test("FIN while an answer is still being sent waits for it")
    func finBeforeOutputIsOut() {
        var state = state()
        #expect(state.close() == .linger)
        #expect(state.inputEnded() == false)
        #expect(state.outputClosed(now: Self.start) == true)
    }

    @Test("an idle connection is closed after its time without a word")
    func idleTimeout() {
        var state = state()
        #expect(state.tick(now: Self.start + 59_999) == .none)
        #expect(state.tick(now: Self.start + 60_000) == .linger)
    }

    @Test("the time for a head runs from its first byte, whatever comes later")
    func headTimeout() {
        var state = state()
        state.headBegan(now: Self.start + 5000)
        state.headBegan(now: Self.start + 14_000)
        #expect(state.tick(now: Self.start + 14_999) == .none)
        guard case .fail(let error) = state.tick(now: Self.start + 15_000) else {
            Issue.record("no timeout")
            return
        }
        #expect(error.status == 408 && error.limit == .headTime)
    }

    @Test("a body times out by silence")
    func bodySilence() {
        var state = state { $0.bodyRate = 0 }
        state.headCompleted(persists: true, hasBody: true, now: Self.start)
        state.bodyReceived(1, now: Self.start + 20_000)
        #expect(state.tick(now: Self.start + 49_999) == .none)
        guard case .fail(let error) = state.tick(now: Self.start + 50_000) else {
            Issue.record("no timeout")
            return
        }
        #expect(error.status == 408 && error.limit == .bodyTime)
    }

    @Test("a body times out by its rate, one byte below it and not at it")
    func bodyRate() {
        for (bytes, isLate) in [(30 << 10, false), ((30 << 10) - 1, true)] {
            var state = state()
            state.headCompleted(persists: true, hasBody: true, now: Self.start)
            state.bodyReceived(bytes - 1, now: Self.start + 10_000)
            state.bodyReceived(1, now: Self.start + 29_000)
            #expect((state.tick(now: Self.start + 30_000) != .none) == isLate)
            if !isLate {  // a new window has begun
                state.bodyReceived(1, now: Self.start + 58_000)
                #expect(state.tick(now: Self.start + 59_999) == .none)
                #expect(state.tick(now: Self.start + 60_000) != .none)
            }
        }
    }

    @Test("an unwanted body that comes late closes without a second answer")
    func lateUnwantedBody() {
        var state = state()
        state.headCompleted(persists: true, hasBody: true, now: Self.start)
        state.answerBegan(closes: false)
        _ = state.answerCompleted(now: Self.start)
        #expect(state.tick(now: Self.start + 30_000) == .close)
    }

    @Test("time does not pass while the application works")
    func handlingHasNoTimeout() {
        var state = state()
        handle(&state)
        #expect(state.tick(now: .max) == .none)
    }

    @Test("draining closes an idle connection soon, but answers what is on its way")
    func drain() {
        var idle = state()
        idle.drain(now: 100)
        #expect(idle.tick(now: 100 + Limits().drainTime - 1) == .none)
        #expect(idle.tick(now: 100 + Limits().drainTime) == .linger)
        var late = state()
        late.drain(now: 0)
        handle(&late)
        #expect(late.mayAnswer && !late.persists)
        var busy = state()
        busy.headBegan(now: 0)
        busy.drain(now: 0)
        busy.headCompleted(persists: true, hasBody: false, now: 0)
        #expect(!busy.persists)
    }
}

@Suite("WriteProgress")
struct WriteProgressTests {
    @Test("nothing written is never stalled; what is sent at once neither")
    func quick() {
        var progress = WriteProgress()
        #expect(!progress.isPending)
        progress.wrote(10)
        #expect(progress.isPending)
        #expect(progress.isStalled(buffered: 0, unacknowledged: 0, now: 5, limit: 10) == false)
        #expect(!progress.isPending)
    }

    @Test("a byte of progress starts the time again; refilling the buffer does not")
    func stalls() {
        var progress = WriteProgress()
        progress.wrote(100)
        #expect(progress.isStalled(buffered: 60, unacknowledged: 0, now: 0, limit: 10) == false)
        #expect(progress.isStalled(buffered: 60, unacknowledged: 0, now: 1, limit: 10) == false)
        #expect(progress.isStalled(buffered: 59, unacknowledged: 0, now: 10, limit: 10) == false)
        #expect(progress.isStalled(buffered: 59, unacknowledged: 0, now: 11, limit: 10) == false)
        progress.wrote(41)
        #expect(progress.isStalled(buffered: 100, unacknowledged: 0, now: 20, limit: 10) == false)
        #expect(progress.isStalled(buffered: 100, unacknowledged: 0, now: 21, limit: 10) == true)
    }

    @Test("what the client acknowledges is progress, also when the channel gets rid of nothing")
    func acknowledged() {
        var progress = WriteProgress()
        progress.wrote(100)
        #expect(progress.isStalled(buffered: 0, unacknowledged: 100, now: 0, limit: 10) == false)
        #expect(progress.isPending)
        progress.wrote(100)
        #expect(progress.isStalled(buffered: 100, unacknowledged: 100, now: 1, limit: 10) == false)
        #expect(progress.isStalled(buffered: 100, unacknowledged: 99, now: 10, limit: 10) == false)
        #expect(progress.isStalled(buffered: 100, unacknowledged: 99, now: 11, limit: 10) == false)
        #expect(progress.isStalled(buffered: 100, unacknowledged: 99, now: 21, limit: 10) == true)
    }

    @Test("a channel that buffers more than was written (TLS) is no trap")
    func overhead() {
        var progress = WriteProgress()
        progress.wrote(10)
        #expect(progress.isStalled(buffered: 40, unacknowledged: 0, now: 0, limit: 10) == false)
        #expect(progress.isStalled(buffered: 40, unacknowledged: 0, now: 10, limit: 10) == true)
    }
}

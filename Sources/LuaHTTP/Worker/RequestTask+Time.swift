// SPDX-License-Identifier: MIT

internal import NIOCore

/// `limits.time`: how long a handler may take. One that does not wait costs nothing here; the watchdog sees to those.
extension RequestTask {
    /// Nanoseconds for the handler.
    private var timeLimit: UInt64 {
        let ofRoute = route.flatMap { generation.routes[$0].limits[.time] }
        let milliseconds = ofRoute.map { UInt64(clamping: $0) } ?? worker.configuration.limits.time
        let (nanoseconds, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        return overflow ? .max : nanoseconds
    }

    private var now: UInt64 { worker.loop.now.uptimeNanoseconds }

    /// It waits. What is being streamed has no end by time.
    func limitTime() {
        guard limitAlarm == nil, state != .streaming else { return }
        time.begin(at: now)
        setLimitAlarm()
    }

    func forgetLimit() {
        time = HandlerTime()
        guard let limitAlarm else { return }
        worker.timers.cancel(limitAlarm)
        self.limitAlarm = nil
    }

    /// A handler that reads its body itself, or a task of it, waits for the client.
    func clientWaitBegan() { time.clientWaitBegan(at: now) }

    func clientWaitEnded() {
        time.clientWaitEnded(at: now)
        guard limitAlarm == nil, time.startedAt != nil, state == .running || state == .rendering else {
            return
        }
        setLimitAlarm()
    }

    /// None while the client is waited for: the end of that wait sets it.
    private func setLimitAlarm() {
        guard !time.isPaused else { return }
        let (limit, used) = (timeLimit, time.used(at: now))
        limitAlarm = worker.timers.add(.limit(self), inNanoseconds: limit > used ? limit &- used : 0)
    }

    /// The handler has had its time, if what it waited for its client does not count. A page that waits for nothing
    /// but a slow client may go on.
    func timeIsUp() {
        limitAlarm = nil
        guard time.used(at: now) >= timeLimit else { return setLimitAlarm() }
        guard let wait, let stack = wait.stack, state == .running || state == .rendering else { return }
        let message =
            "took longer than \(TimeSpan.text(Int(clamping: timeLimit / 1_000_000))), waiting here"
            + " (limits.time of the route or of app:config)"
        fail(with: Failure(status: 503, error: ScriptError(message, at: stack), limit: .time))
    }
}

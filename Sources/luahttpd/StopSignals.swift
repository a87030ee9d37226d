// SPDX-License-Identifier: MIT

// Dispatch sources may be used from any thread; the module only lacks the annotation.
@preconcurrency import Dispatch

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// SIGTERM and SIGINT: the first asks to stop, the second stops.
final class StopSignals: Sendable {
    private let stream: AsyncStream<Void>
    private let sources: [any DispatchSourceSignal]

    init() {
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        self.stream = stream
        let queue = DispatchQueue(label: "luahttpd.signals")
        let count = SignalCount()
        sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)  // the source sees it all the same
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                if count.next() > 1 { exit(130) }
                continuation.yield()
            }
            source.activate()
            return source
        }
        // Writing to a connection that is gone is an error to handle, not a reason to die.
        signal(SIGPIPE, SIG_IGN)
        // So is a file that grows beyond what this process may write.
        signal(SIGXFSZ, SIG_IGN)
    }

    /// Returns at the first signal.
    func wait() async {
        for await _ in stream { return }
    }

    /// For what ends by itself as a rule: a handler in an endless loop holds up even the server's own deadline.
    func endProcess(after seconds: Double) {
        Task.detached {
            try await Task.sleep(for: .seconds(seconds))
            Report.note("stopped: a handler did not come to its end")
            exit(EXIT_SUCCESS)
        }
    }
}

/// Counts signals. @unchecked: only touched on the queue of StopSignals.
private final class SignalCount: @unchecked Sendable {
    private var count = 0

    func next() -> Int {
        count += 1
        return count
    }
}

// SPDX-License-Identifier: MIT

// Dispatch sources may be used from any thread; the module only lacks the annotation.
@preconcurrency import Dispatch

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// SIGTERM and SIGINT: the first asks to stop, the second stops. SIGHUP asks to load the app again, or to stop when it
/// comes because the terminal was closed. SIGUSR1: log files were renamed.
final class Signals: Sendable {
    enum Wish: Sendable {
        case stop, reload, reopenLogs
    }

    private let stream: AsyncStream<Wish>
    private let sources: [any DispatchSourceSignal]

    init() {
        let (stream, continuation) = AsyncStream<Wish>.makeStream()
        self.stream = stream
        let queue = DispatchQueue(label: "luahttpd.signals")
        let count = SignalCount()
        let hadTerminal = isatty(STDERR_FILENO) == 1
        sources = [SIGTERM, SIGINT, SIGHUP, SIGUSR1].map { number in
            signal(number, SIG_IGN)  // the source sees it all the same
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                if number == SIGUSR1 {
                    continuation.yield(.reopenLogs)
                    // A terminal that was closed is none any more.
                } else if number == SIGHUP, !hadTerminal || isatty(STDERR_FILENO) == 1 {
                    continuation.yield(.reload)
                } else {
                    if count.next() > 1 { exit(130) }
                    continuation.yield(.stop)
                }
            }
            source.activate()
            return source
        }
        // Writing to a connection that is gone is an error to handle, not a reason to die.
        signal(SIGPIPE, SIG_IGN)
        // So is a file that grows beyond what this process may write.
        signal(SIGXFSZ, SIG_IGN)
    }

    /// Waits for the next signal.
    func next() async -> Wish {
        for await wish in stream { return wish }
        return .stop
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

/// Counts signals. @unchecked: only touched on the queue of Signals.
private final class SignalCount: @unchecked Sendable {
    private var count = 0

    func next() -> Int {
        count += 1
        return count
    }
}

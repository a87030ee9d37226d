// SPDX-License-Identifier: MIT

import Dispatch
import Synchronization

/// Runs async functions on the thread that has called ``run()``, one after the other.
///
/// Swift's own executor is a pool of libdispatch, which on Linux looks at its threads once a second from its first
/// job on: a server that nobody asks anything would wake up for that. The command has no use for more threads.
final class MainThreadExecutor: TaskExecutor {
    static let shared = MainThreadExecutor()

    private let jobs = Mutex<[UnownedJob]>([])
    private let count = DispatchSemaphore(value: 0)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
        count.signal()
    }

    /// Does not return: a job ends the process.
    func run() -> Never {
        while true {
            count.wait()
            let job = jobs.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            job?.runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}

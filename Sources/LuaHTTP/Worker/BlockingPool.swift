// SPDX-License-Identifier: MIT

internal import NIOCore
internal import NIOPosix

/// Calls that may wait for a disk run beside the loop; what follows comes back to it. Does not know what
/// they are.
struct BlockingPool {
    let loop: any EventLoop
    /// False: they run on the loop (loops of tests, which know no other thread).
    let usesThreads: Bool

    /// `then` runs on the loop, later.
    func run<Value: Sendable>(
        _ call: @escaping @Sendable () -> Value, then: @escaping (Value) -> Void
    ) {
        guard usesThreads else { return loop.assumeIsolated().execute { then(call()) } }
        NIOThreadPool.singleton.runIfActive(eventLoop: loop, call).assumeIsolated().whenSuccess(then)
    }

    /// Lets go of something beside the loop, since that may take long: the blocks of a large file are freed
    /// then.
    func release(_ object: consuming some AnyObject & Sendable) {
        guard usesThreads else { return }
        let held = object
        NIOThreadPool.singleton.submit { _ in withExtendedLifetime(held) {} }
    }
}

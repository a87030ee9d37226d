// SPDX-License-Identifier: MIT

internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Where the lines of all workers' access logs go: a file, or standard output. A thread of its own writes, so that a
/// full disk or a pipe whose reader has stopped holds nobody up; what waits for it is bounded, and what is dropped is
/// counted and said. There is no thread before the first line.
final class LogOutput: Sendable {
    private struct State: Sendable {
        var thread: NIOThreadPool?
        /// Bytes that wait.
        var waiting = 0
        /// Lines dropped that nobody has been told of.
        var dropped = 0
        /// The last batch could not be written.
        var isFailing = false
        var isClosed = false

        /// A batch was written, or not: what is to be said of that.
        mutating func account(_ lines: Int, _ fault: SystemError?) -> String? {
            guard let fault else {
                defer { (dropped, isFailing) = (0, false) }
                return dropped > 0 ? "\(dropped) lines were dropped" : nil
            }
            dropped += lines
            defer { isFailing = true }
            return isFailing ? nil : "cannot write: \(fault); lines are dropped until it can be"
        }
    }

    /// Nil: standard output.
    let path: String?
    private let logger: Logger
    private let state = Mutex(State())
    /// Lines dropped since the start.
    var droppedLines: Int { dropped.load(ordering: .relaxed) }
    private let dropped = Atomic<Int>(0)
    private let descriptor: Atomic<Int32>
    private let isEnding = Atomic<Bool>(false)
    private static let mostWaiting = 4 << 20

    /// - Throws: ``SystemError`` when the file cannot be opened.
    init(path: String?, logger: Logger) throws(SystemError) {
        self.path = path
        self.logger = logger
        descriptor = Atomic(try path.map(Self.open) ?? STDOUT_FILENO)
    }

    deinit {
        let descriptor = descriptor.load(ordering: .relaxed)
        if descriptor != STDOUT_FILENO { _ = closeDescriptor(descriptor) }
    }

    private static func open(_ path: String) throws(SystemError) -> Int32 {
        // Without O_NONBLOCK a FIFO that nobody reads would hold up the start.
        let file = openFile(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0o640)
        guard file >= 0 else { throw SystemError(code: errno) }
        return file
    }

    // MARK: From any thread

    /// Takes a batch, or drops it when too much waits already.
    func write(_ batch: ByteBuffer, lines: Int) {
        let thread: NIOThreadPool? = state.withLock { state in
            guard !state.isClosed, state.waiting + batch.readableBytes <= Self.mostWaiting else {
                state.dropped += lines
                return nil
            }
            state.waiting += batch.readableBytes
            if let thread = state.thread { return thread }
            let thread = NIOThreadPool(numberOfThreads: 1)
            thread.start()
            state.thread = thread
            return thread
        }
        guard let thread else {
            dropped.add(lines, ordering: .relaxed)
            return
        }
        thread.submit { [self] _ in
            let fault = put(batch)
            if fault != nil { dropped.add(lines, ordering: .relaxed) }
            let message = state.withLock { state -> String? in
                state.waiting -= batch.readableBytes
                return state.account(lines, fault)
            }
            if let message, !isEnding.load(ordering: .relaxed) { logger.warning("access log: \(message)") }
        }
    }

    /// Opens the file anew: the old one was renamed.
    func reopen() {
        guard let path else { return }
        let thread = state.withLock { $0.isClosed ? nil : $0.thread }
        guard let thread else { return reopen(path) }
        thread.submit { [self] _ in reopen(path) }
    }

    /// Lets what waits go out, for so many seconds at most.
    func close(within seconds: Double) async {
        let thread = state.withLock { state in
            state.isClosed = true
            return state.thread
        }
        guard let thread else { return }
        await waitForThread(seconds)
        isEnding.store(true, ordering: .relaxed)
        await waitForThread(1)
        // One that hangs in the kernel ends with the process.
        if state.withLock({ $0.waiting }) == 0 { try? await thread.shutdownGracefully() }
    }

    private func waitForThread(_ seconds: Double) async {
        let end = ContinuousClock.now.advanced(by: .seconds(seconds))
        while state.withLock({ $0.waiting }) > 0, ContinuousClock.now < end {
            try? await Task.sleep(for: .milliseconds(5))
        }
    }

    // MARK: On the thread

    private func reopen(_ path: String) {
        do throws(SystemError) {
            let old = descriptor.exchange(try Self.open(path), ordering: .relaxed)
            _ = closeDescriptor(old)
            logger.info("access log opened anew: \(path)")
        } catch {
            logger.error("access log: \(path) cannot be opened: \(error); the old file is kept")
        }
    }

    private func put(_ batch: ByteBuffer) -> SystemError? {
        let file = descriptor.load(ordering: .relaxed)
        let isFile = Self.isRegular(file)
        return batch.withUnsafeReadableBytes { bytes in
            var rest = bytes
            while let base = rest.baseAddress, !rest.isEmpty {
                guard isFile || waitForRoom(file) else { return SystemError(code: EAGAIN) }
                let count = systemWrite(file, base, isFile ? rest.count : Self.pieceLength(rest))
                if count > 0 {
                    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                } else if count == 0 || errno != EINTR && errno != EAGAIN {
                    return SystemError(code: count == 0 ? ENOSPC : errno)
                }
            }
            return nil
        }
    }

    /// What a pipe takes whole once it takes anything (PIPE_BUF), up to the end of a line: others may write to it, too.
    private static func pieceLength(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard bytes.count > 4096 else { return bytes.count }
        return bytes[..<4096].lastIndex(of: ASCII.lf).map { $0 + 1 } ?? 4096
    }

    private static func isRegular(_ file: Int32) -> Bool {
        var status = stat()
        return fstat(file, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// A pipe whose reader has stopped has none. False when the server ends.
    private func waitForRoom(_ file: Int32) -> Bool {
        while !isEnding.load(ordering: .relaxed) {
            var polled = pollfd(fd: file, events: Int16(POLLOUT), revents: 0)
            if poll(&polled, 1, 100) > 0 { return true }
        }
        return false
    }
}

private func systemWrite(_ file: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    write(file, bytes, count)
}

private func openFile(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 { open(path, flags, mode) }

private func closeDescriptor(_ file: Int32) -> Int32 { close(file) }

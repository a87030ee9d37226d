// SPDX-License-Identifier: MIT

/// What scripts may do with the streams of this worker: `out:write`, `out:flush`.
extension Worker: StreamServices {
    func write(toStreamOn stack: LuaStack) throws(HostError) -> StreamProgress {
        let last = stack.top
        for index in stride(from: Int32(2), through: last, by: 1) {
            let type = stack.type(at: index)
            guard type == .string || type == .number else {
                throw .message("out:write expects strings and numbers, not a \(type.name)")
            }
        }
        guard let stream = stream(at: 1, of: stack) else { return .ended }
        for index in stride(from: Int32(2), through: last, by: 1) {
            if let bytes = stack.bytes(at: index) {
                stream.write(bytes)
            } else if let text = stack.text(at: index) {
                text.withUnsafeBytes { stream.write($0) }
            }
        }
        return stream.progress
    }

    func flush(streamOn stack: LuaStack) -> StreamProgress {
        guard let stream = stream(at: 1, of: stack) else { return .ended }
        stream.flush()
        return stream.progress
    }

    func wait(forStreamOn stack: LuaStack) throws(HostError) {
        let fiber = try runningFiber()
        let wait = fiber.nextWait()
        guard let stream = stream(at: 1, of: stack), stream.progress == .full else {
            let isOpen = stream(at: 1, of: stack) != nil
            fiber.beginWait(wait, .nothing)
            return fiber.endWait(wait) { $0.push(isOpen) }
        }
        stream.addWaiting(fiber, wait)
        fiber.beginWait(wait) { stream.removeWaiting(fiber) }
    }

    private func stream(at index: Int32, of stack: LuaStack) -> ResponseStream? {
        guard let stream = stack.integer(at: index).flatMap({ streams[$0] }), stream.isOpen else {
            return nil
        }
        return stream
    }

    /// Sends what scripts have written, now that `fiber` has stopped. The end of a stream's own function is the
    /// stream's: a short one gets a length, and an error a page.
    func flushStreams(after fiber: Fiber, _ status: LuaStatus) {
        let written = unflushed
        unflushed.removeAll(keepingCapacity: true)
        for stream in written where status == .awaiting || stream.task !== fiber { stream.flush() }
    }
}

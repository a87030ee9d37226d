// SPDX-License-Identifier: MIT

internal import NIOCore

/// Streaming: the handler has returned a function, which writes the answer now.
extension RequestTask {
    /// - Parameters:
    ///   - function: index of the function on `stack`.
    ///   - heartbeat: nanoseconds between signs of life, for event streams.
    func beginStream(_ answer: Answer, function: Int32, heartbeat: UInt64?, on stack: LuaStack) {
        guard let exchange else { return end() }
        // Nobody would see what it writes.
        if exchange.isHead { return respondHeadOnly(answer, exchange) }
        state = .streaming
        forgetLimit()
        worker.lastStream &+= 1
        let stream = ResponseStream(
            number: worker.lastStream, status: answer.status, fields: worker.fields.bytes,
            treatment: treatment(answer, isPage: false), exchange: exchange, worker: worker)
        self.stream = stream
        worker.streams[stream.number] = stream
        if let heartbeat {
            stream.beat(every: heartbeat)
            // A browser shows with the head that it is connected, so it goes out before the first event.
            worker.unflushed.append(stream)
        }
        stack.pushCopy(of: function)
        stack.pushTable(array: 1)
        stack.push(stream.number)
        stack.setIndex(1, of: -2)
        stack.mark(-1, as: .stream)
        resume(arguments: 1)
    }

    /// With the lines that a GET would get.
    private func respondHeadOnly(_ answer: Answer, _ exchange: HTTPExchange) {
        var lines = worker.fields.bytes
        let compressor = beginCompressing(answer.status, &lines, treatment(answer, isPage: false))
        if let compressor { worker.compressors.end(compressor) }
        let started = lines.withUnsafeReadableBytes {
            exchange.start(ResponseHead(answer.status, fields: $0))
        }
        if started { exchange.finish() }
        complete(status: answer.status, bytes: 0)
    }

    /// The function has returned.
    func finishStream() {
        guard let stream else { return end() }
        stream.finish()
        // A short one went out whole, and has been completed with that.
        if state == .streaming, self.stream === stream {
            complete(status: stream.status, bytes: stream.bytesSent)
        }
    }

    /// The server stops: an event stream, which may be without end, ends well where it waits, and `<close>` variables
    /// run. One whose client is slow just now ends at its next wait.
    func endEvents() {
        guard state == .streaming, stream?.isOfEvents == true, !isRunning, stream?.hasWaiting(self) != true
        else { return }
        dropCoroutine(finished: false)
        finishStream()
    }

    /// Lets go of the stream; whoever still writes to it hears that it has ended.
    func dropStream() {
        guard let stream else { return }
        self.stream = nil
        worker.streams[stream.number] = nil
        stream.close()
    }
}

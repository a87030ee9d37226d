// SPDX-License-Identifier: MIT

internal import NIOCore

/// One request in flight: from its head to the end of its answer. Reused by its worker.
///
/// A fiber that runs the handler; what follows from each step of it is decided here. Belongs to its
/// worker's loop; knows the exchange it answers through, but no sockets.
final class RequestTask: Fiber {
    enum State {
        case idle
        /// Accepted; the body is on its way.
        case accepted
        /// The coroutine runs, or waits.
        case running
        /// The page is being rendered; slices may be under way to the client.
        case rendering
        /// The function of `app.stream` runs, or waits.
        case streaming
        /// A large string is on its way.
        case sending
    }

    private(set) var exchange: HTTPExchange?
    var match = RouteMatch()
    var state = State.idle
    private var memory = RequestMemory()
    private var view: RequestView?
    /// The request table, kept for error handlers; only where the app has some.
    private var requestTable: LuaRef?
    /// The error that is being handled: an error in its handler ends in the built-in page.
    var failure: Failure?
    var rendering: Rendering?
    /// The page has had its share for now, and goes on in a later turn.
    var hasTurnAhead = false
    /// Where its body goes.
    var body = RequestBody.collected
    var stream: ResponseStream?
    var sending: Sending?
    /// Index of the string that is sent, on the coroutine's stack.
    var sentString: Int32?
    /// The client has gone, and the coroutine was running: it ends when it stops.
    private var isGone = false
    /// Its coroutine may go on.
    var isSound: Bool { !isGone }
    /// When the time for the handler is up; set when it first waits.
    var limitAlarm: WorkerTimers.ID?
    var time = HandlerTime()
    private(set) var startedAt: NIODeadline = .uptimeNanoseconds(0)
    /// Of the templates that were in force when the request began.
    private(set) var edition = 0

    // MARK: Life

    func begin(_ exchange: HTTPExchange) {
        let worker = worker
        self.exchange = exchange
        if generation !== worker.generation { generation = worker.generation }
        budget = generation.budget
        generation.enter()
        worker.requestsInFlight &+= 1
        edition = generation.life.edition
        state = .accepted
        if worker.takesTime { startedAt = .now() }
    }

    /// Lets go of everything; the answer is out, or nobody wants it any more.
    func end() {
        guard state != .idle else { return }
        let worker = worker
        if !tasks.isEmpty { endTasks() }
        if !belongings.isEmpty { endBelongings() }
        state = .idle
        cause = nil
        view?.end(in: generation.vm)
        view = nil
        requestTable = nil
        failure = nil
        route = nil
        if case .collected = body {} else { dropBody() }
        isGone = false
        forgetLimit()
        dropStream()
        if sentString != nil { dropSending() }
        if let rendering { worker.recycle(rendering) }
        rendering = nil
        hasTurnAhead = false
        if let exchange { exchange.task = nil }
        exchange = nil
        worker.requestsInFlight &-= 1
        worker.recycle(self)
        generation.leave()
    }

    /// The client has gone.
    func cancel() {
        guard state != .idle, !isGone else { return }
        worker.logCancelled(self)
        // Lua code cannot be ended while it runs; `out:write` may tell it first.
        isGone = isRunning || stream?.hasWaiting(self) == true
        stream?.close()
        if isGone { return }
        dropCoroutine(finished: false)
        end()
    }

    /// Somebody else answers.
    func abandon() {
        dropCoroutine(finished: false)
        end()
    }

    override var label: String { requestLine }

    /// "GET /path", for the log; what the client sent is escaped there.
    var requestLine: String {
        guard let head = exchange else { return "?" }
        let line =
            Array(head.head.slice(head.head.methodName)) + [ASCII.space]
            + head.head.slice(head.head.target).prefix(512)
        return String(decoding: line.map { $0 >= 0x20 && $0 < 0x7F ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
    }

    /// Computes a field of `req` that the script reads for the first time.
    func pushField(
        _ field: RequestField, on stack: LuaStack, listener: (host: String, port: Int)
    ) throws(HostError) {
        guard let exchange else { return stack.pushNil() }
        try RequestFields(
            exchange: exchange, vm: generation.vm, routePath: route.map { generation.routes[$0].path },
            listener: listener, body: body.content
        ).push(field, on: stack)
    }

    // MARK: The handler

    /// Calls handler `number`, with the request if it takes one.
    func run(handler number: Int, takesRequest: Bool) {
        state = .running
        if let route { budget = generation.routes[route].budget }
        let coroutine = generation.vm.takeCoroutine()
        self.coroutine = coroutine
        generation.handlers.push(number, on: coroutine.stack)
        guard takesRequest else { return resume(arguments: 0) }
        pushRequest(on: coroutine.stack)
        resume(arguments: 1)
    }

    /// The request table: made once, then the same for error handlers.
    func pushRequest(on stack: LuaStack) {
        if requestTable != nil {
            pushKeptRequest(on: stack)
            return
        }
        guard let exchange else { return stack.pushNil() }
        describe(exchange)
        view = memory.push(on: stack)
        if generation.hasErrorHandlers {
            stack.pushCopy(of: -1)
            requestTable = LuaRef(taking: stack, of: generation.vm)
        }
    }

    private func pushKeptRequest(on stack: LuaStack) {
        guard let slot = requestTable?.slot else { return stack.pushNil() }
        stack.push(referenceAt: slot)
    }

    /// Points the memory that C reads at the received head.
    private func describe(_ exchange: HTTPExchange) {
        let rawPath = exchange.head.slice(exchange.head.path)
        var path = rawPath
        if rawPath.contains(ASCII.percent) {
            var decoded: [UInt8] = []
            if PercentCoding.decode(rawPath, into: &decoded) {
                path = decoded.withUnsafeBytes { memory.keep($0) }
            }
        }
        memory.set(
            head: exchange.head.bytes,
            method: (exchange.head.methodName.offset, exchange.head.methodName.length),
            rawPath: (exchange.head.path.offset, exchange.head.path.length), path: path,
            headers: UnsafeRawPointer(exchange.head.headers.entries),
            headerCount: exchange.head.headers.count,
            owner: Unmanaged.passUnretained(self).toOpaque())
        for index in 0..<match.count {
            let parameter = match[index]
            let value: RequestMemory.Value =
                switch parameter.value {
                case .integer(let integer): .integer(integer)
                case .number(let number): .number(number)
                case .bytes: .bytes
                }
            match.withBytes(of: parameter, in: rawPath) {
                memory.addParameter(generation.parameterNames[Int(parameter.name)], $0, value)
            }
        }
    }

    override func stopped(_ status: LuaStatus) {
        guard let coroutine else { return }
        if isGone {
            dropCoroutine(finished: status == .ok)
            return end()
        }
        switch status {
        case .ok:
            if state == .streaming {
                finishStream()
            } else if state == .rendering, let rendering {
                goOn(rendering.step())
            } else {
                answer(from: 1, on: coroutine.stack)
            }
        case .awaiting:
            limitTime()
            if state == .rendering { sendBeforeWait() }
            if worker.isDraining { endEvents() }
        case .yielded: fail(with: Failure(status: 500, error: Self.strayYield(on: coroutine.stack)))
        case .runtimeError, .syntaxError, .memoryError, .timeError:
            fail(taking: coroutine.stack, status: status)
        }
    }

    // MARK: The client

    func clientIsReady() {
        if let stream { return stream.wakeWaiting() }
        if state == .sending { goOnSending() } else { goOnRendering() }
    }

    /// FIN: the client has gone, or has only finished sending. What is sent makes one that has gone say so; to the
    /// other it is nothing. One that sent FIN with its request meant it so, and is left alone.
    func inputClosed() {
        if let stream { return stream.inputClosed() }
        guard wait != nil, let exchange else { return }
        let patience: UInt64 = 20_000_000
        let now = worker.loop.now.uptimeNanoseconds
        if now &- (time.startedAt ?? 0) > patience { exchange.probe() }
    }

    // MARK: Answering

    /// Reads what the handler returned and sends or renders it.
    func answer(from first: Int32, on stack: LuaStack) {
        guard let exchange else { return end() }
        let worker = worker
        let generation = generation
        let reader = AnswerReader(
            stack: stack, generation: generation, defaultStatus: failure?.status ?? 200,
            isSecure: exchange.isSecure)
        worker.fields.begin(failure == nil ? generation.standardFields : generation.errorFields)
        let answer: Answer
        do throws(AnswerMistake) {
            answer = try reader.read(from: first, into: &worker.fields)
            if let extra = failure?.fields { worker.fields.addMissing(extra) }
            worker.fields.finish()
        } catch {
            return fail(with: Failure(status: 500, error: mistake(error.text)))
        }
        switch answer.content {
        case .bytes(let index):
            let body = stack.bytes(at: index) ?? UnsafeRawBufferPointer(start: nil, count: 0)
            guard isPlain(body.count) else {
                sentString = index
                return deliver(
                    answer.status, worker.fields.bytes, body, treatment(answer, isPage: false))
            }
            send(answer, body, exchange, worker)
        case .empty:
            send(answer, UnsafeRawBufferPointer(start: nil, count: 0), exchange, worker)
        case .file(let path, let download):
            sendFile(
                named: stack.string(at: path) ?? "", download: download, status: answer.status,
                hasContentType: answer.hasContentType)
        case .stream(let function, let heartbeat):
            beginStream(answer, function: function, heartbeat: heartbeat, on: stack)
        case .template(let variables, let name):
            render(answer, template: name, variables: variables, on: stack)
        }
    }

    /// Number of the route that matched.
    var route: Int?

    private func send(
        _ answer: Answer, _ body: UnsafeRawBufferPointer, _ exchange: HTTPExchange, _ worker: Worker
    ) {
        worker.fields.bytes.withUnsafeReadableBytes { fields in
            _ = exchange.respond(ResponseHead(answer.status, fields: fields), body: body)
        }
        worker.logAccess(self, status: answer.status, bytes: body.count)
        dropCoroutine(finished: true)
        end()
    }

    /// An answer without content that needs no script.
    func respond(status: Int, fields: ByteBuffer) {
        var fields = fields
        fields.writeImmutableBuffer(generation.standardFields.block)
        fields.withUnsafeReadableBytes {
            _ = exchange?.respond(
                ResponseHead(status, fields: $0), body: UnsafeRawBufferPointer(start: nil, count: 0))
        }
        complete(status: status, bytes: 0)
    }

    func complete(status: Int, bytes: Int) {
        worker.logAccess(self, status: status, bytes: bytes)
        dropCoroutine(finished: true)
        end()
    }
}

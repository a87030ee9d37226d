// SPDX-License-Identifier: MIT

internal import NIOCore

/// Failing: whatever goes wrong, the client gets exactly one well-formed answer, or notices the cut.
extension RequestTask {
    /// What went wrong, and with which status it is answered.
    struct Failure {
        var status: Int
        /// For the client; nil stands for the status's own words.
        var message: String?
        var error: ScriptError?
        var templateError: TemplateError?
        /// Header lines that belong to the status, such as Allow.
        var fields: ByteBuffer?
        /// Only in development.
        var details: FailureDetails?
        /// What was exceeded, for the log and the counter.
        var limit: Limits.Name?
    }

    /// Takes the error value on top of a coroutine that failed.
    func fail(taking stack: LuaStack, status: LuaStatus) {
        guard status == .runtimeError, stack.isKind(.abort, at: -1) else {
            var error = ScriptError(
                takingFrom: stack, status: status,
                withVariables: worker.isDevelopment && status == .runtimeError)
            if let cause { error.continue(from: cause) }
            // What wraps handlers is not to blame: the innermost call in sight is a middleware's.
            if error.origin == .otherCall, let route {
                error.takePlace(from: generation.routes[route].origin)
            }
            takePlaceOfAuthor(&error)
            let limit = limit(of: error)
            let code = limit == nil ? 500 : 503
            if state == .rendering, let rendering {
                let place = rendering.failure(error.description)
                return fail(
                    with: Failure(
                        status: code, error: error, templateError: place,
                        details: status == .timeError ? nil : detailsOfPage(rendering), limit: limit))
            }
            return fail(with: Failure(status: code, error: error, limit: limit))
        }
        let abort = stack.absolute(-1)
        stack.getField("status", of: abort)
        // A script that caught it may have changed it.
        let code = stack.integer(at: -1).flatMap { (400...599).contains($0) ? Int($0) : nil } ?? 500
        let message = stack.stringField("message", of: abort)
        if hasBegunAnswer {
            worker.logCut(
                self,
                ScriptError(
                    "app.abort(\(code)) came when the answer had begun, which is cut off here", at: stack))
        }
        let fields: ByteBuffer?
        do throws(AnswerMistake) {
            fields = try self.fields(ofAbort: abort, on: stack)
        } catch {
            return fail(with: Failure(status: 500, error: mistake(error.text)))
        }
        if !hasBegunAnswer, stack.getField("template", of: abort) == .string, failure == nil {
            return answerAbort(Failure(status: code, fields: fields), from: stack, abort: abort)
        }
        var failure = Failure(status: code, message: message, fields: fields)
        if worker.isDevelopment {
            failure.details = FailureDetails(calls: ScriptError.frames(of: stack, withVariables: true))
        }
        fail(with: failure)
    }

    /// The head is out.
    private var hasBegunAnswer: Bool { rendering?.hasStarted == true || stream?.hasStarted == true }

    /// What goes with the status, such as WWW-Authenticate (RFC 9110 §15.5.2).
    private func fields(ofAbort abort: Int32, on stack: LuaStack) throws(AnswerMistake) -> ByteBuffer? {
        var block = HeaderBlock()
        try AnswerReader(
            stack: stack, generation: generation, defaultStatus: 500, isSecure: exchange?.isSecure == true
        ).readFields(ofAbort: abort, into: &block)
        return block.bytes.readableBytes > 0 ? block.bytes : nil
    }

    /// What is wrong with what a handler returned, at its place.
    func mistake(_ text: String) -> ScriptError {
        let author =
            errorHandler.map { "the error handler for \($0.name)" }
            ?? "the handler" + (route.map { " of " + generation.routes[$0].path } ?? "")
        var error = ScriptError(message: "\(author) \(text)")
        takePlaceOfAuthor(&error)
        return error
    }

    /// An error without a place of its own is shown where its handler or its route is defined.
    func takePlaceOfAuthor(_ error: inout ScriptError) {
        guard error.file == nil else { return }
        guard let place = errorHandler?.place ?? route.map({ generation.routes[$0].origin }) else { return }
        error.takePlace(from: place)
    }

    /// The one that answers.
    private var errorHandler: Generation.ErrorHandler? {
        failure.flatMap { generation.errorHandler(for: $0.status) }
    }

    private func limit(of error: ScriptError) -> Limits.Name? {
        switch error.kind {
        case .time: .cpuTime
        case .memory: memoryLimit
        case .runtime, .syntax: nil
        }
    }

    func limit(of error: TemplateError) -> Limits.Name? {
        switch error.limit {
        case .bytes: .pageBytes
        case .steps: .pageSteps
        case .time: .cpuTime
        case .memory: memoryLimit
        case nil: generation.vm.isTurnOver ? .cpuTime : nil
        }
    }

    /// Its own, or that of all.
    private var memoryLimit: Limits.Name { generation.vm.hasLess(than: budget) ? .vmMemory : .memory }

    /// The variables of a page that cannot be rendered, for its author.
    func detailsOfPage(_ rendering: Rendering) -> FailureDetails? {
        guard worker.isDevelopment, let stack = coroutine?.stack else { return nil }
        return FailureDetails(variables: ValuePreview.variables(of: rendering.variables, on: stack))
    }

    /// `app.abort(status, vars, "page.html")`: moves both to a fresh coroutine, whose stack is sound.
    private func answerAbort(_ failure: Failure, from stack: LuaStack, abort: Int32) {
        self.failure = failure
        stack.getField("vars", of: abort)
        stack.getField("template", of: abort)
        let templates = generation.templates(at: edition)
        if let name = stack.bytes(at: -1), templates.page(name) == nil {
            let mistake = AnswerMistake(missing: name, in: templates)
            var error = ScriptError("app.abort " + mistake.text, at: stack)
            takePlaceOfAuthor(&error)
            return fail(with: Failure(status: 500, error: error))
        }
        let fresh = generation.vm.takeCoroutine()
        stack.move(2, to: fresh.stack)
        dropCoroutine(finished: false)
        coroutine = fresh
        answer(from: 1, on: fresh.stack)
    }

    /// Bytes of the body of an answer that comes in pieces.
    var bytesSent: Int { rendering?.bytesSent ?? stream?.bytesSent ?? sending?.compressor.produced ?? 0 }

    /// Answers with the app's error handler for the status, or with the built-in page.
    func fail(with failure: Failure) {
        dropCoroutine(finished: false)
        worker.logFailure(failure, of: self)
        guard let exchange else { return end() }
        if hasBegunAnswer {
            // Cut the body so that the client notices (RFC 9112 §8).
            worker.keepReport(of: failure, exchange: exchange)
            worker.logAccess(self, status: failure.status, bytes: bytesSent)
            // Before the cut, which is no client that has gone.
            end()
            return exchange.abort()
        }
        rendering = nil
        dropStream()
        if sentString != nil { dropSending() }
        forgetLimit()
        if self.failure == nil, let handler = generation.errorHandler(for: failure.status) {
            self.failure = failure
            worker.keepReport(of: failure, exchange: exchange)
            return runErrorHandler(handler.number, failure)
        }
        let page = worker.errorPage(for: failure, exchange: exchange)
        worker.fields.begin(generation.errorFields)
        if let extra = failure.fields { worker.fields.addMissing(extra) }
        worker.fields.addMissing(ByteBuffer(staticString: page.fields))
        worker.fields.finish()
        worker.fields.bytes.withUnsafeReadableBytes { fields in
            page.body.withUnsafeReadableBytes { body in
                _ = exchange.respond(ResponseHead(failure.status, fields: fields), body: body)
            }
        }
        worker.logAccess(self, status: failure.status, bytes: page.body.readableBytes)
        end()
    }

    /// `fn(req, err)` with err = { status, message, traceback (development) }.
    private func runErrorHandler(_ handler: Int, _ failure: Failure) {
        state = .running
        let coroutine = generation.vm.takeCoroutine()
        self.coroutine = coroutine
        let stack = coroutine.stack
        generation.handlers.push(handler, on: stack)
        pushRequest(on: stack)
        stack.pushTable(fields: 3)
        stack.push(Int64(failure.status))
        stack.setField("status", of: -2)
        stack.push(failure.message ?? StatusLine.text(failure.status))
        stack.setField("message", of: -2)
        if worker.isDevelopment, let detail = ErrorPage.detail(of: failure) {
            stack.push(detail)
            stack.setField("traceback", of: -2)
        }
        resume(arguments: 2)
    }
}

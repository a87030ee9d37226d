// SPDX-License-Identifier: MIT

internal import NIOCore

/// Rendering: from a template and variables to an answer, in as many slices as the client takes.
extension RequestTask {
    func render(_ answer: Answer, template: Int32, variables: Int32, on stack: LuaStack) {
        state = .rendering
        guard let name = stack.bytes(at: template) else { return end() }
        do throws(AnswerMistake) {
            let rendering = try worker.beginRendering(
                name, variables: variables, answer: answer, generation: generation, edition: edition,
                on: stack)
            self.rendering = rendering
            rendering.limitTime(milliseconds: budget.cpu)
            rendering.treat(treatment(answer, isPage: true))
            goOn(rendering.step())
        } catch {
            fail(with: Failure(status: 500, error: mistake(error.text)))
        }
    }

    /// The client can take more of the page.
    func goOnRendering() {
        // A function that the page called may still be waiting; it goes on when that is over.
        guard state == .rendering, wait == nil, !hasTurnAhead, let rendering else { return }
        goOn(rendering.step())
    }

    /// Acts on one step of the page, and on those after it, until the page is done or has to wait.
    func goOn(_ first: @autoclosure () -> Renderer.Step) {
        let vm = generation.vm
        let turn = vm.beginTurn(budget)
        defer { vm.endTurn(turn, &budget) }
        var step = first()
        while let rendering, let exchange {
            switch step {
            case .done:
                return finish(rendering, exchange)
            case .slice:
                guard sendSlice(of: rendering, exchange) else { return }
            case .yielded:
                hasTurnAhead = true
                return worker.later { [serial = exchange.serial] in
                    guard self.exchange === exchange, exchange.serial == serial else { return }
                    self.hasTurnAhead = false
                    self.goOnRendering()
                }
            case .call(let arguments):
                // Not through `resume`: stacks would grow with each function that the page calls.
                let status = self.step(arguments: arguments)
                guard status == .ok, isSound else { return stopped(status) }
            case .failed(let error):
                let status = error.kind == .limit || vm.isTurnOver ? 503 : 500
                return fail(
                    with: Failure(
                        status: status, templateError: error, details: detailsOfPage(rendering),
                        limit: limit(of: error)))
            }
            step = rendering.step()
        }
    }

    /// The page waits for a script: what comes before has time to reach the client meanwhile.
    func sendBeforeWait() {
        guard let rendering, let exchange, let slice = rendering.takeSliceBeforeWait() else { return }
        guard startAnswer(rendering, exchange) else { return }
        exchange.write(rendering.compressor?.pass(slice, .all) ?? slice)
    }

    /// False when rendering must stop for now, or for good.
    private func sendSlice(of rendering: Rendering, _ exchange: HTTPExchange) -> Bool {
        guard startAnswer(rendering, exchange) else { return false }
        let isFlushed = rendering.isFlushed
        let slice = rendering.takeSlice()
        let piece = rendering.compressor?.pass(slice, isFlushed ? .all : .none) ?? slice
        // Writing may find the client gone, and then this task is over.
        return (piece.readableBytes > 0 ? exchange.write(piece) : exchange.isWritable) && state == .rendering
    }

    /// The head goes out with the first slice. False when nobody is there to take it.
    private func startAnswer(_ rendering: Rendering, _ exchange: HTTPExchange) -> Bool {
        if !rendering.hasStarted {
            rendering.start(beginCompressing)
            let started = rendering.fields.withUnsafeReadableBytes {
                exchange.start(ResponseHead(rendering.status, fields: $0))
            }
            guard started else {
                cancel()
                return false
            }
        }
        return true
    }

    private func finish(_ rendering: Rendering, _ exchange: HTTPExchange) {
        let status = rendering.status
        if rendering.hasStarted {
            let last = rendering.takeLast()
            if last.readableBytes > 0 { exchange.write(last) }
            exchange.finish()
            return complete(status: status, bytes: rendering.bytesSent)
        }
        rendering.withPage { page in
            guard rendering.treatment.tags || !isPlain(page.count) else {
                _ = rendering.fields.withUnsafeReadableBytes {
                    exchange.respond(ResponseHead(status, fields: $0), body: page)
                }
                return complete(status: status, bytes: page.count)
            }
            deliver(status, rendering.fields, page, rendering.treatment)
        }
    }
}

// SPDX-License-Identifier: MIT

internal import CLua

/// Renders one page at a time, in steps. Knows Lua's stack and bytes; where the bytes go and who runs
/// scripts is its owner's business. Confined to the thread of its VM, and reusable.
///
/// ```
/// renderer.start(page, of: set, on: coroutine, variables: slot)
/// loop: switch renderer.step() {
///     case .slice: write(renderer.output); renderer.clearOutput()
///     case .call(let n): resume the coroutine with n arguments until that has finished
///     case .yielded: let others run
///     case .done: write(renderer.output); break loop
///     case .failed(let error): …
/// }
/// ```
final class Renderer {
    enum Step {
        /// The page is complete; the rest of it is in `output`.
        case done
        /// `output` is worth writing.
        case slice
        /// A function and this many arguments are on top of the Lua stack: resume the coroutine, and come
        /// back when it has finished, with the results on top.
        case call(Int32)
        /// Enough for now.
        case yielded
        case failed(TemplateError)
    }

    private var machine = Machine(set: .empty)
    private var state = State.idle

    private enum State { case idle, running, calling }

    /// What has been rendered and not been cleared. Valid until the next step.
    var output: UnsafeRawBufferPointer { machine.output.bytes }

    func clearOutput() { machine.output.count = 0 }

    /// Prepares to render a page whose variables are the table at `variables`, the top of the Lua stack.
    /// Slots above it belong to the renderer until the page is done; the coroutine must not run meanwhile,
    /// except for `call`. `environment`: a table {globals, filters, tests} of the worker's scripts, or 0.
    func start(_ page: TemplateSet.Page, of set: TemplateSet, on lua: OpaquePointer, environment: Int32 = 0) {
        machine.start(page, set, lua, environment)
        state = .running
    }

    /// Ends the page when it has used so much processor time, over all its slices; for the page at hand.
    func limitTime(milliseconds: Int) {
        machine.cpuLimit = milliseconds > 0 ? UInt64(clamping: milliseconds) &* 1000 : .max
    }

    /// From now on a slice is as large as this, or as it is as a rule.
    func gather(_ size: Int?) {
        machine.pageLimit = size ?? Machine.sliceSize
        if machine.captures.count == 0 { machine.outputLimit = machine.pageLimit }
    }

    /// The page asked for the slice at hand: it is not full.
    var isFlushed: Bool { machine.output.count < machine.pageLimit }

    /// Goes on until there is something to do for the owner.
    func step() -> Step {
        do throws(RenderFault) {
            if state == .calling { machine.finishScript() }
            state = .running
            if machine.cpuSince != 0 { machine.cpuSince = lh_thread_time() }
            switch try run() {
            case .done:
                state = .idle
                machine.finish()
                return .done
            case .slice: return .slice
            case .yielded: return .yielded
            case .call(let count):
                state = .calling
                return .call(count)
            }
        } catch {
            state = .idle
            var described = machine.describe(error)
            if machine.set.options.showsDebug { described.variables = machine.variables(at: error) }
            machine.finish()
            return .failed(described)
        }
    }

    /// An instruction that needs a script first is left for it.
    private func run() throws(RenderFault) -> Machine.Stop {
        do throws(RenderFault) {
            return try machine.run()
        } catch {
            guard let interrupt = error.interrupt else { throw error }
            return .call(try machine.begin(interrupt))
        }
    }

    /// While a script waits: takes what comes before on the page, even if text after it is set aside.
    func takeBeforeWait(_ body: (UnsafeRawBufferPointer) -> Void) { machine.takePage(body) }

    /// The function that `call` asked for failed with `message`: where the page stood. The coroutine is
    /// dead, and so is the page.
    func failure(_ message: String) -> TemplateError {
        state = .idle
        return machine.describe(RenderFault(message, kind: .script))
    }
}

@available(*, unavailable) extension Renderer: Sendable {}

extension Machine {
    fileprivate mutating func start(
        _ page: TemplateSet.Page, _ set: TemplateSet, _ lua: OpaquePointer, _ environment: Int32
    ) {
        self.lua = lua
        self.set = set
        images = set.images
        origin = lh_top(lua)
        top = Int(LHT_FRAMES)
        values.reserve(top)
        values.base.update(repeating: .undefined, count: top)
        (frames.count, loops.count, lineage.count, captures.count) = (0, 0, 0, 0)
        shrink()
        (output.count, scratch.count, bytesWritten) = (0, 0, 0)
        pageLimit = Self.sliceSize
        outputLimit = pageLimit
        (cpuLimit, cpuSpent, cpuSince) = (.max, 0, 0)
        fuel = Self.fuelSlice
        stepsLeft = set.options.maximumSteps
        (pendingResult, pendingTest, pendingArguments) = (-1, 0, 0)
        pendingInterrupt = nil
        prepareStack(environment)
        fragment = Int(page.block)
        pc = 0
        pendingPage = page.template
    }

    /// Slots LHT_GLOBALS … LHT_NAMES above the variables.
    private func prepareStack(_ environment: Int32) {
        // A coroutine has 20 free slots; these calls need fewer.
        for part in 1...3 {
            if environment != 0 {
                lh_get_index(lua, environment, Int64(part))
            } else {
                lh_push_nil(lua)
            }
        }
        lh_push_nil(lua)
        if lht_push_names(lua, set.identity) {
            for (number, name) in set.names.enumerated() {
                var name = name
                name.withUTF8 { bytes in
                    _ = bytes.withMemoryRebound(to: CChar.self) {
                        lh_push_bytes(lua, $0.baseAddress, bytes.count)
                    }
                }
                lh_set_index(lua, origin + Int32(LHT_NAMES), Int64(number))
            }
        }
        lh_set_top(lua, slot(top) - 1)
    }

    /// A function of a script has returned.
    fileprivate mutating func finishScript() {
        // The results lie on top of what was the top; lua_resume counts those below as well.
        let results = lh_top(lua) - (slot(top) - 1)
        if let interrupt = pendingInterrupt {
            pendingInterrupt = nil
            return finish(interrupt, results: results)
        }
        let instruction = images[Int(frames.last.template)].code[pc]
        if frames.count > 0, instruction.opcode == .nextItem, pendingIteration {
            pc += 1
            pendingIteration = false
            finishNext(instruction, results: results)
        } else {
            finishCall(results: results)
        }
    }

    fileprivate mutating func takePage(_ body: (UnsafeRawBufferPointer) -> Void) {
        if captures.count == 0 {
            bytesWritten += output.count
            body(output.bytes)
            output.count = 0
        } else {
            // The outermost text that is set aside took the place of the page.
            bytesWritten += aside.count
            body(aside.bytes)
            aside.count = 0
        }
    }

    /// Gives the Lua stack back as it was at the start. The output stays for the owner.
    fileprivate mutating func finish() {
        lh_set_top(lua, origin)
    }

    /// A large page must not keep its memory in the pool.
    private mutating func shrink() {
        if output.capacity > 1 << 20 { output = ByteStorage(capacity: 20 << 10) }
        if aside.capacity > 1 << 20 { aside = ByteStorage(capacity: 256) }
        if scratch.capacity > 1 << 20 { scratch = ByteStorage(capacity: 256) }
    }

    // MARK: Errors

    fileprivate func describe(_ fault: RenderFault) -> TemplateError {
        guard frames.count > 0, let template = template(frames.last.template) else {
            return TemplateError(
                kind: fault.kind, message: fault.message, template: "", line: 0, column: 0, excerpt: "")
        }
        let position = fault.pc ?? max(0, min(pc - 1, template.spans.count - 1))
        var error = TemplateError(
            kind: fault.kind, message: fault.message, template: template.name, source: template.source,
            span: template.spans[position])
        error.limit = fault.limit
        for index in stride(from: frames.count - 2, through: 0, by: -1) {
            let (above, frame) = (frames[index + 1].kind, frames[index])
            guard let template = self.template(frame.template) else { continue }
            let at = max(0, min(frame.pc - 1, template.spans.count - 1))
            let line = SourcePosition(of: template.spans[at], in: template.source).line
            error.chain.append(.init(action: above.action, template: template.name, line: line))
        }
        return error
    }
}

extension Frame.Kind {
    fileprivate var action: String {
        switch self {
        case .include: "included from"
        case .module: "imported from"
        case .block: "block used in"
        case .macro: "called from"
        case .recursion: "loop entered again from"
        case .page: "from"
        }
    }
}

// SPDX-License-Identifier: MIT

internal import Logging
internal import NIOCore

/// What scripts ask of bodies and uploaded files, and their waiting for it.
extension Worker {
    /// Longest string that one call makes.
    private static var mostBytes: Int64 { 1 << 20 }

    func serve(_ call: BodyModule.Call, on stack: LuaStack) throws(HostError) -> HostResult {
        guard let owner = stack.requestOwner(at: 1) else {
            throw .message("the request has ended: read its body and its files while the handler runs")
        }
        // SAFETY: tasks give themselves as owner and end their view before they are released.
        let task = Unmanaged<RequestTask>.fromOpaque(owner).takeUnretainedValue()
        switch call {
        case .read: return try ask(task, "read", .bytes(most: most(stack, 2)), on: stack)
        case .nextPart: return try ask(task, "parts", .nextPart, on: stack)
        case .readPart:
            let demand = BodyStream.Demand.content(part: number(stack, 2), most: most(stack, 3))
            return try ask(task, "parts", demand, on: stack)
        case .save: return try save(task, "save", part: nil, on: stack)
        case .savePart: return try save(task, "parts", part: number(stack, 4), on: stack)
        case .readUpload: return try readUpload(of: task, on: stack)
        case .saveUpload: return try saveUpload(of: task, on: stack)
        case .uploadPath: return try pushPath(of: task, on: stack)
        }
    }

    private func number(_ stack: LuaStack, _ index: Int32) -> Int {
        Int(clamping: stack.integer(at: index) ?? 0)
    }

    private func most(_ stack: LuaStack, _ index: Int32) -> Int {
        Int(clamping: min(max(stack.integer(at: index) ?? 1, 1), Self.mostBytes))
    }

    // MARK: Streams

    private func stream(of task: RequestTask, _ method: StaticString) throws(HostError) -> BodyStream {
        guard case .stream(let stream) = task.body else {
            throw .message(
                "req:\(method) is for routes that take their body as a stream:"
                    + " app:post(\"/path\", { body = \"stream\" }, handler)")
        }
        return stream
    }

    private func ask(
        _ task: RequestTask, _ method: StaticString, _ demand: BodyStream.Demand, on stack: LuaStack
    ) throws(HostError) -> HostResult {
        let stream = try stream(of: task, method)
        guard stream.waiting == nil else { throw .message("this body is being read by another task already") }
        if let outcome = stream.take(demand) {
            if case .failed(let error) = outcome { throw error }
            return .results(Self.push(outcome, on: stack))
        }
        return try wait { fiber, number in
            task.clientWaitBegan()
            stream.wait(for: demand) { outcome in
                task.clientWaitEnded()
                if case .failed(let error) = outcome {
                    // Not in the middle of the end of the request.
                    return fiber.settle(number, .error(error), soon: task.state == .idle)
                }
                fiber.endWait(number) { _ = Self.push(outcome, on: $0) }
            }
            return {
                stream.stopWaiting()
                task.clientWaitEnded()
            }
        }
    }

    /// Begins a wait of the running fiber. `begin` returns what calls it off.
    private func wait(_ begin: (Fiber, UInt64) -> () -> Void) throws(HostError) -> HostResult {
        let fiber = try runningFiber()
        let number = fiber.nextWait()
        fiber.beginWait(number, cancel: begin(fiber, number))
        return .await
    }

    /// Pushes the results and says how many.
    private static func push(_ outcome: BodyStream.Outcome, on stack: LuaStack) -> Int32 {
        switch outcome {
        case .bytes(let bytes): bytes.withUnsafeReadableBytes { _ = stack.push($0) }
        case .saved: stack.push(true)
        case .end, .failed: stack.pushNil()
        case .part(let part, let number):
            push(part, on: stack)
            stack.push(Int64(number))
            return 2
        }
        return 1
    }

    private static func push(_ part: MultipartPart, on stack: LuaStack) {
        stack.pushTable(fields: 3)
        if let name = part.name {
            _ = name.withUnsafeBytes { stack.push($0) }
            stack.setField("name", of: -2)
        }
        if let filename = part.filename {
            _ = UploadName.shown(filename).withUnsafeBytes { stack.push($0) }
            stack.setField("filename", of: -2)
        }
        if let type = part.type {
            _ = type.withUnsafeBytes { stack.push($0) }
            stack.setField("type", of: -2)
        }
    }

    private var keeper: UploadKeeper {
        UploadKeeper(pool: blockingPool, root: configuration.loader.root, logger: logger)
    }

    /// (req, path, replaces)
    private func path(on stack: LuaStack) throws(HostError) -> [CChar] {
        try keeper.resolve(stack.bytes(at: 2) ?? UnsafeRawBufferPointer(start: nil, count: 0))
    }

    private func save(
        _ task: RequestTask, _ method: StaticString, part: Int?, on stack: LuaStack
    ) throws(HostError) -> HostResult {
        let stream = try stream(of: task, method)
        let saving = BodySaving(
            as: try path(on: stack), part: part, replaces: stack.isTrue(at: 3), keeper: keeper)
        saving.onProgress = { [weak stream] in stream?.advance() }
        return try ask(task, method, .save(saving), on: stack)
    }

    // MARK: Uploaded files

    private func upload(of task: RequestTask, _ number: Int) throws(HostError) -> UploadSpool {
        guard case .form(let form) = task.body, form.spools.indices.contains(number - 1) else {
            throw .message("this file is not one of the request's")
        }
        return form.spools[number - 1]
    }

    /// (req, number, position, most)
    private func readUpload(of task: RequestTask, on stack: LuaStack) throws(HostError) -> HostResult {
        let spool = try upload(of: task, number(stack, 2))
        let position = max(stack.integer(at: 3) ?? 0, 0)
        guard position < spool.size else {
            stack.pushNil()
            return .results(1)
        }
        let count = Int(clamping: min(Int64(most(stack, 4)), spool.size - position))
        guard let file = spool.file else {
            let start = Int(clamping: position)
            spool.pending.withUnsafeReadableBytes { bytes in
                _ = stack.push(UnsafeRawBufferPointer(rebasing: bytes[start..<(start + count)]))
            }
            return .results(1)
        }
        let pool = blockingPool
        return try wait { fiber, wait in
            pool.run { () -> Result<[UInt8], SystemError> in
                do throws(SystemError) {
                    return .success(try file.read(at: position, count: count))
                } catch {
                    return .failure(error)
                }
            } then: { result in
                switch result {
                case .success(let bytes):
                    fiber.endWait(wait) { stack in _ = bytes.withUnsafeBytes { stack.push($0) } }
                case .failure(let error):
                    fiber.failWait(wait, .message("cannot read an uploaded file: \(error)"))
                }
            }
            return {}
        }
    }

    /// (req, path, replaces, number)
    private func saveUpload(of task: RequestTask, on stack: LuaStack) throws(HostError) -> HostResult {
        let spool = try upload(of: task, number(stack, 4))
        let (path, replaces, keeper) = (try path(on: stack), stack.isTrue(at: 3), keeper)
        return try wait { fiber, wait in
            keeper.keep(spool, as: path, replaces: replaces) { error in
                if let error { return fiber.failWait(wait, error) }
                fiber.endWait(wait) { $0.push(true) }
            }
            return {}
        }
    }

    /// (req, number)
    private func pushPath(of task: RequestTask, on stack: LuaStack) throws(HostError) -> HostResult {
        let spool = try upload(of: task, number(stack, 2))
        do throws(SystemError) {
            let file = try spool.materialize()
            file.path.withUnsafeBytes { _ = stack.push(UnsafeRawBufferPointer(rebasing: $0.dropLast())) }
            return .results(1)
        } catch {
            throw keeper.error(error, [0])
        }
    }
}

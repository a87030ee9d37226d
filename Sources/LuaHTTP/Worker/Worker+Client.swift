// SPDX-License-Identifier: MIT

internal import NIOCore

/// What scripts may do with other servers: `require "luahttpd.http"`.
extension Worker: ClientServices {
    func beginExchange(
        _ request: OutgoingRequest, timeout: Double, isStream: Bool, deadline: UInt64?
    ) throws(HostError) -> Result<(number: Int64, deadline: UInt64), ClientURL.Mistake> {
        let fiber = try runningFiber()
        var request = request
        if let path = request.certificates {
            let path = path.hasPrefix("/") ? path : configuration.loader.root + "/" + path
            request.certificates = path
            if let reason = FileReason.text(for: path) {
                return .failure(ClientURL.Mistake("cannot read ca_file \(path): \(reason)"))
            }
        }
        let nanoseconds = UInt64(exactly: (timeout * 1e9).rounded(.up)) ?? .max / 4
        let deadline = deadline ?? loop.now.uptimeNanoseconds &+ min(nanoseconds, .max / 4)
        let exchange = ClientExchange(request, loop: loop)
        lastCall &+= 1
        let call = ClientCall(
            number: lastCall, exchange: exchange, worker: self, owner: fiber.root, deadline: deadline,
            streamTimeout: isStream ? nanoseconds : nil)
        do {
            try outgoing.begin(request, for: exchange)
        } catch {
            call.end()
            return .failure(ClientURL.Mistake(ClientFailure.text(error, of: request)))
        }
        calls[call.number] = call
        fiber.root.belongings.add(.exchange(call.number))
        return .success((call.number, deadline))
    }

    func write(_ bytes: [UInt8], to number: Int64, on stack: LuaStack) throws(HostError) -> HostResult {
        let buffer = ByteBuffer(bytes: bytes)
        return try whenWritable(number, on: stack) { $0.write(buffer) }
    }

    func endUpload(of number: Int64, on stack: LuaStack) throws(HostError) -> HostResult {
        try whenWritable(number, on: stack) { $0.endUpload() }
    }

    private func whenWritable(
        _ number: Int64, on stack: LuaStack, _ act: @escaping (ClientExchange) -> Void
    ) throws(HostError) -> HostResult {
        guard let call = calls[number] else {
            stack.push(false)
            return .results(1)
        }
        return try call.wait(on: stack) { [exchange = call.exchange] in
            switch exchange.writeState {
            case .busy: return nil
            case .ended: return { $0.push(false) }
            case .ready:
                act(exchange)
                return { $0.push(true) }
            }
        }
    }

    func head(of number: Int64, on stack: LuaStack) throws(HostError) -> HostResult {
        try whenThere(number, on: stack) { exchange in
            if let (status, fields) = exchange.answer {
                return .more { stack in
                    stack.push(Int64(status))
                    stack.pushTable(array: fields.count * 2)
                    for (offset, field) in fields.enumerated() {
                        stack.push(field.name.lowercased())
                        stack.setIndex(Int64(offset) * 2 + 1, of: -2)
                        stack.push(field.value)
                        stack.setIndex(Int64(offset) * 2 + 2, of: -2)
                    }
                }
            }
            return exchange.hasEnded ? .done(Self.pushFailure(of: exchange)) : nil
        }
    }

    func body(of number: Int64, limit: Int, on stack: LuaStack) throws(HostError) -> HostResult {
        calls[number]?.exchange.setCapacity(max(limit &+ 1, 64 << 10))
        let vm = current?.generation.vm
        return try whenThere(number, on: stack) { exchange in
            if max(exchange.inbox.byteCount, exchange.announcedLength) > limit {
                exchange.cancel("the body is larger than \(limit) bytes (option limit)")
                return .done(Self.pushFailure(of: exchange))
            }
            switch exchange.inbox.end {
            case nil: return nil
            case .failed: return .done(Self.pushFailure(of: exchange))
            case .complete:
                let body = exchange.readAll()
                return .done { Self.push(body, on: $0, vm) }
            }
        }
    }

    func read(from number: Int64, atMost count: Int, on stack: LuaStack) throws(HostError) -> HostResult {
        let vm = current?.generation.vm
        return try whenThere(number, on: stack) { exchange in
            if let part = exchange.read(atMost: count) { return .more { Self.push(part, on: $0, vm) } }
            switch exchange.inbox.end {
            case nil: return nil
            case .failed: return .done(Self.pushFailure(of: exchange))
            case .complete: return .done { $0.pushNil() }
            }
        }
    }

    func endExchange(_ number: Int64) {
        guard let call = calls.removeValue(forKey: number) else { return }
        call.owner.belongings.remove(.exchange(number))
        call.end()
    }

    // MARK: Parts

    private enum Step {
        /// The exchange goes on.
        case more(ClientCall.Push)
        /// Nothing more comes of it.
        case done(ClientCall.Push)
    }

    private func whenThere(
        _ number: Int64, on stack: LuaStack, _ step: @escaping (ClientExchange) -> Step?
    ) throws(HostError) -> HostResult {
        guard let call = calls[number] else {
            stack.pushNil()
            stack.push("closed" as StaticString)
            return .results(2)
        }
        return try call.wait(on: stack) { [unowned self, exchange = call.exchange] in
            switch step(exchange) {
            case nil: return nil
            case .more(let push): return push
            case .done(let push):
                // Not at once: `call` is on the stack of this.
                return { stack in
                    push(stack)
                    self.endExchange(number)
                }
            }
        }
    }

    private static func pushFailure(of exchange: ClientExchange) -> ClientCall.Push {
        var reason = "closed"
        if case .failed(let text) = exchange.inbox.end { reason = text }
        return { stack in
            stack.pushNil()
            stack.push(reason)
        }
    }

    /// Host functions are never refused memory, so this asks whether there is some.
    private static func push(_ bytes: ByteBuffer, on stack: LuaStack, _ vm: LuaVM?) {
        let isPushed = bytes.withUnsafeReadableBytes { stack.push($0) }
        guard !isPushed || vm?.isOverMemoryLimit == true else { return }
        stack.pop()
        stack.pushNil()
        stack.push("not enough memory for the body" as StaticString)
    }
}

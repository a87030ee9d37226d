// SPDX-License-Identifier: MIT

/// Requests to other servers for the fiber that runs; a worker does it. An exchange goes by its number.
protocol ClientServices: AnyObject {
    /// The exchange and when its time is up, or why it cannot be tried.
    ///
    /// - Parameter deadline: of the exchange that this one follows; nil begins a new time.
    func beginExchange(
        _ request: OutgoingRequest, timeout: Double, isStream: Bool, deadline: UInt64?
    ) throws(HostError) -> Result<(number: Int64, deadline: UInt64), ClientURL.Mistake>
    /// Pushes true; false when the other side wants no more.
    func write(_ bytes: [UInt8], to exchange: Int64, on stack: LuaStack) throws(HostError) -> HostResult
    func endUpload(of exchange: Int64, on stack: LuaStack) throws(HostError) -> HostResult
    /// Pushes status and a list of names and values, or nil and a message.
    func head(of exchange: Int64, on stack: LuaStack) throws(HostError) -> HostResult
    /// Pushes the whole body, or nil and a message.
    func body(of exchange: Int64, limit: Int, on stack: LuaStack) throws(HostError) -> HostResult
    /// Pushes the next bytes; nil at the end; nil and a message.
    func read(from exchange: Int64, atMost count: Int, on stack: LuaStack) throws(HostError) -> HostResult
    func endExchange(_ exchange: Int64)
}

/// What `require "luahttpd.http"` stands on; its shape is in CLua/lua/http.lua.
enum ClientModule {
    static func functions(_ services: ScriptServices) -> [(StaticString, HostFunction)] {
        [
            ("http_start", start(services)), ("http_resolve", resolve()), ("http_size", size()),
            (
                "http_write",
                waiting(services) { stack, number, worker throws(HostError) in
                    guard let bytes = stack.bytes(at: 2) else {
                        throw .message(
                            "the body of a request must give strings, not \(stack.type(at: 2).name)")
                    }
                    return try worker.write([UInt8](bytes), to: number, on: stack)
                }
            ),
            (
                "http_end_upload",
                waiting(services) { stack, number, worker throws(HostError) in
                    try worker.endUpload(of: number, on: stack)
                }
            ),
            (
                "http_head",
                waiting(services) { stack, number, worker throws(HostError) in
                    try worker.head(of: number, on: stack)
                }
            ),
            (
                "http_body",
                waiting(services) { stack, number, worker throws(HostError) in
                    let limit = ByteSize.parse(stack, at: 2) ?? 0
                    return try worker.body(of: number, limit: limit, on: stack)
                }
            ),
            (
                "http_read",
                waiting(services) { stack, number, worker throws(HostError) in
                    var count = Int.max
                    if !stack.isNilOrNone(at: 2) {
                        guard let integer = stack.integer(at: 2), integer > 0 else {
                            throw .message("read expects a positive number of bytes")
                        }
                        count = Int(clamping: integer)
                    }
                    return try worker.read(from: number, atMost: count, on: stack)
                }
            ),
            (
                "http_close",
                HostFunction("response:close") { stack throws(HostError) in
                    try services.loop().endExchange(stack.integer(at: 1) ?? 0)
                    return .results(0)
                }
            ),
        ]
    }

    private static func waiting(
        _ services: ScriptServices,
        _ body: @escaping (LuaStack, Int64, any ClientServices) throws(HostError) -> HostResult
    ) -> HostFunction {
        HostFunction("http.request", waits: true) { stack throws(HostError) in
            try body(stack, stack.integer(at: 1) ?? 0, services.loop())
        }
    }

    /// start(method, url, fields, body, timeout, is_stream, certificates, deadline) → number and deadline, or nil
    /// and a message. `fields` is a list of names and values; `body` is a string, a length, true for an unknown
    /// length, or nil.
    private static func start(_ services: ScriptServices) -> HostFunction {
        HostFunction("http.request") { stack throws(HostError) in
            let worker = try services.loop()
            guard let method = stack.bytes(at: 1), OutgoingRequest.isMethod(method) else {
                throw .message("the method of a request must be a word such as \"GET\"")
            }
            guard let seconds = stack.number(at: 5), seconds > 0 else {
                throw .message("timeout must be a positive number of seconds")
            }
            let outcome: Result<(number: Int64, deadline: UInt64), ClientURL.Mistake>
            switch request(method, on: stack) {
            case .success(let request):
                outcome = try worker.beginExchange(
                    request, timeout: seconds, isStream: stack.isTrue(at: 6),
                    deadline: stack.integer(at: 8).map { UInt64(bitPattern: $0) })
            case .failure(let mistake): outcome = .failure(mistake)
            }
            switch outcome {
            case .success(let (number, deadline)):
                stack.push(number)
                stack.push(Int64(bitPattern: deadline))
            case .failure(let mistake):
                stack.pushNil()
                stack.push(mistake.description)
            }
            return .results(2)
        }
    }

    private static func request(
        _ method: UnsafeRawBufferPointer, on stack: LuaStack
    ) -> Result<OutgoingRequest, ClientURL.Mistake> {
        Result { () throws(ClientURL.Mistake) in
            var request = OutgoingRequest(
                method: String(decoding: method, as: UTF8.self),
                url: try ClientURL(stack.bytes(at: 2).map { Array($0) } ?? []))
            request.body = body(at: 4, of: stack)
            request.certificates = stack.string(at: 7)
            try takeFields(at: 3, of: stack, into: &request)
            return request
        }
    }

    private static func body(at index: Int32, of stack: LuaStack) -> OutgoingRequest.Body {
        if let bytes = stack.bytes(at: index) { return .bytes([UInt8](bytes)) }
        if let length = stack.integer(at: index), length >= 0 { return .stream(length: length) }
        return stack.isTrue(at: index) ? .stream(length: nil) : .none
    }

    private static func takeFields(
        at index: Int32, of stack: LuaStack, into request: inout OutgoingRequest
    ) throws(ClientURL.Mistake) {
        guard stack.type(at: index) == .table else { return }
        let top = stack.top
        defer { stack.top = top }
        for pair in 0..<stack.rawLength(at: index) / 2 {
            stack.top = top
            stack.getIndex(Int64(pair) * 2 + 1, of: index)
            stack.getIndex(Int64(pair) * 2 + 2, of: index)
            guard let name = stack.bytes(at: -2), let value = stack.bytes(at: -1) else { continue }
            try request.add(name, value)
        }
    }

    /// size(number or text) → bytes, or nil
    private static func size() -> HostFunction {
        HostFunction("http.request") { stack throws(HostError) in
            if let bytes = ByteSize.parse(stack, at: 1) { stack.push(Int64(bytes)) } else { stack.pushNil() }
            return .results(1)
        }
    }

    /// resolve(url, reference) → url, has_same_origin; or nil and a message
    private static func resolve() -> HostFunction {
        HostFunction("http.request") { stack throws(HostError) in
            do throws(ClientURL.Mistake) {
                let url = try ClientURL(stack.bytes(at: 1).map { Array($0) } ?? [])
                let target = try url.resolving(stack.bytes(at: 2).map { Array($0) } ?? [])
                stack.push(target.text)
                stack.push(target.hasSameOrigin(as: url))
            } catch {
                stack.pushNil()
                stack.push(error.description)
            }
            return .results(2)
        }
    }
}

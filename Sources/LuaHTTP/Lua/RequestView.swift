// SPDX-License-Identifier: MIT

internal import CLua

/// Fields of a request that the host computes when a script first reads them.
enum RequestField: Int32 {
    case query = 7
    case cookies, body, form, json, ip, port, host, scheme, isSecure, url, id, route, started, files
}

/// The request table that a script holds, from begin to end.
struct RequestView {
    fileprivate let token: UInt64

    /// A script that kept the table gets "request has ended" from now on.
    func end(in vm: LuaVM) { lh_request_end(vm.vm, token) }
}

/// What C reads of a request while it lasts, at stable addresses. Reused from request to request.
struct RequestMemory: ~Copyable {
    private let request: UnsafeMutablePointer<lh_request>
    private let params: UnsafeMutablePointer<lh_param>
    /// Bytes that are not in the received head: what was percent-decoded.
    private var decoded: UnsafeMutableRawBufferPointer
    static let mostParameters = 16

    init() {
        request = .allocate(capacity: 1)
        request.initialize(to: lh_request())
        params = .allocate(capacity: Self.mostParameters)
        params.initialize(repeating: lh_param(), count: Self.mostParameters)
        request.pointee.params = UnsafePointer(params)
        decoded = .init(start: nil, count: 0)
    }

    deinit {
        request.deallocate()
        params.deallocate()
        decoded.deallocate()
    }

    /// Points it at a received head, which stays in place while the request lasts.
    ///
    /// - Parameters:
    ///   - headers: `headerCount` times four UInt32: offset and length of name and of value in `head`.
    ///   - path: decoded, in memory that stays as `head` does (see ``keep(_:)``).
    ///   - owner: comes back with each read of a ``RequestField``.
    mutating func set(
        head: UnsafeRawBufferPointer, method: (offset: UInt32, length: UInt32),
        rawPath: (offset: UInt32, length: UInt32), path: UnsafeRawBufferPointer,
        headers: UnsafeRawPointer, headerCount: Int, owner: UnsafeMutableRawPointer
    ) {
        // SAFETY: `request` is ours; HeaderEntry and lh_header are both four UInt32 in the same order.
        request.pointee.head = head.baseAddress?.assumingMemoryBound(to: CChar.self)
        request.pointee.head_length = UInt32(clamping: head.count)
        request.pointee.method = lh_slice(offset: method.offset, length: method.length)
        request.pointee.raw_path = lh_slice(offset: rawPath.offset, length: rawPath.length)
        request.pointee.path = path.baseAddress?.assumingMemoryBound(to: CChar.self)
        request.pointee.path_length = UInt32(clamping: path.count)
        request.pointee.headers = headers.assumingMemoryBound(to: lh_header.self)
        request.pointee.header_count = UInt32(clamping: headerCount)
        request.pointee.param_count = 0
        request.pointee.owner = owner
    }

    /// Copies bytes to memory that stays until the next call.
    mutating func keep(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        if decoded.count < bytes.count {
            decoded.deallocate()
            decoded = .allocate(byteCount: max(bytes.count, 256), alignment: 1)
        }
        decoded.copyMemory(from: bytes)
        return UnsafeRawBufferPointer(rebasing: decoded[..<bytes.count])
    }

    enum Value { case bytes, integer(Int64), number(Double) }

    /// Adds a path parameter; `name` and `bytes` stay in place while the request lasts.
    func addParameter(_ name: UnsafeRawBufferPointer, _ bytes: UnsafeRawBufferPointer, _ value: Value) {
        let index = Int(request.pointee.param_count)
        guard index < Self.mostParameters else { return }
        var param = lh_param()
        param.name = name.baseAddress?.assumingMemoryBound(to: CChar.self)
        param.name_length = UInt32(clamping: name.count)
        param.bytes = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
        param.length = UInt32(clamping: bytes.count)
        switch value {
        case .bytes: param.kind = LH_PARAM_BYTES
        case .integer(let integer):
            param.kind = LH_PARAM_INTEGER
            param.integer = integer
        case .number(let number):
            param.kind = LH_PARAM_NUMBER
            param.number = number
        }
        params[index] = param
        request.pointee.param_count += 1
    }

    /// Pushes the table for the script. This memory stays in place until the view ends. [-0, +1]
    func push(on stack: LuaStack) -> RequestView {
        RequestView(token: lh_request_begin(stack.state, request))
    }
}

/// Names of path parameters as C wants them: bytes that stay in place.
final class ParameterNames {
    private let storage: UnsafeMutableRawBufferPointer
    private let ends: [Int]

    init(_ names: [String]) {
        var bytes: [UInt8] = []
        ends = names.map { name in
            bytes += Array(name.utf8)
            return bytes.count
        }
        storage = .allocate(byteCount: max(bytes.count, 1), alignment: 1)
        storage.copyBytes(from: bytes)
    }

    deinit { storage.deallocate() }

    subscript(index: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: storage[(index == 0 ? 0 : ends[index - 1])..<ends[index]])
    }
}

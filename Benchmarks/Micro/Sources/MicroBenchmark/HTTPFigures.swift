// SPDX-License-Identifier: MIT

import NIOCore

@testable import LuaHTTP

/// What happens to a request before and after a script: parsed, routed, shown to Lua, answered. No socket.
struct HTTPFigures {
    private static let plain = "GET /users/42?verbose=1 HTTP/1.1\r\nHost: localhost\r\nX-Client: wrk\r\n\r\n"
    private static let browser = """
        GET /articles/2026/11/hello-world?utm_source=feed HTTP/1.1\r\nHost: www.example.com\r\n\
        User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n\
        Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n\
        Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nDNT: 1\r\n\
        Connection: keep-alive\r\nCookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=yes\r\n\
        Upgrade-Insecure-Requests: 1\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\n\
        Sec-Fetch-Site: none\r\nIf-None-Match: W/"5e3f-19a2"\r\nPriority: u=0, i\r\n\r\n
        """

    func print() throws {
        try parse("parsing a request of wrk", Self.plain)
        try parse("parsing a request of a browser", Self.browser)
        for count in [10, 1000, 10_000] { try route(count) }
        encode()
        try table()
    }

    private func parse(_ name: String, _ request: String) throws {
        let bytes = ByteBuffer(string: request)
        var parser = RequestParser(limits: Limits())
        var head = RequestHead()
        try report("\(name) (\(bytes.readableBytes) bytes)", unit: 1, "ns", rounds: 40, turns: 50_000) {
            var input = bytes
            guard try parser.parse(&input, into: &head) else { throw ScriptError(message: "incomplete") }
            let count = head.headers.count
            parser.reset()
            head.reset()
            return count
        }
    }

    /// Of `count` routes one that is a literal and one with a parameter.
    private func route(_ count: Int) throws {
        var builder = RouteBuilder()
        for index in 0..<count / 2 {
            for path in ["/part\(index)/list", "/part\(index)/:id<int>"] {
                _ = try builder.add(RouteMethodSet(.get), path, origin: "benchmark")
            }
        }
        let table = try builder.freeze()
        for path in ["/part\(count / 4)/list", "/part\(count / 4)/4711"] {
            let bytes = Array(path.utf8)
            var match = RouteMatch()
            report("routing \(path) among \(count) routes", unit: 1, "ns", rounds: 40, turns: 50_000) {
                guard case .found(let route) = bytes.withUnsafeBytes({ table.match(.get, $0, into: &match) }) else {
                    return 0
                }
                return route
            }
        }
    }

    private func encode() {
        let fields = "Content-Type: text/html; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n"
        let date = Array("Date: Mon, 23 Nov 2026 12:00:00 GMT\r\n".utf8)
        var output = ByteBufferAllocator().buffer(capacity: 1024)
        Array(fields.utf8).withUnsafeBytes { fields in
            date.withUnsafeBytes { date in
                report("writing a head", unit: 1, "ns", rounds: 40, turns: 50_000) {
                    output.clear()
                    ResponseEncoder.writeHead(
                        ResponseHead(200, fields: fields), .init(header: .length(11), sendsBody: true), .none,
                        date: date, into: &output)
                    return output.readableBytes
                }
            }
        }
    }

    /// The request table as a script sees it, with the parser's bytes behind it.
    private func table() throws {
        let vm = try LuaVM(memoryLimit: 64 << 20)
        let stack = vm.main
        let source = Array("return function(req) return #req.path + #req.headers.x_client + #req.method end".utf8)
        guard source.withUnsafeBytes({ vm.load($0, name: "=handler", on: stack) }) == .ok,
            stack.call(arguments: 0, results: 1) == .ok
        else { throw ScriptError(message: "the handler does not load") }
        let handler = stack.top
        var parser = RequestParser(limits: Limits())
        var head = RequestHead()
        var input = ByteBuffer(string: Self.plain)
        guard try parser.parse(&input, into: &head) else { throw ScriptError(message: "incomplete") }
        var memory = RequestMemory()
        memory.set(
            head: head.bytes, method: (head.methodName.offset, head.methodName.length),
            rawPath: (head.path.offset, head.path.length), path: head.slice(head.path),
            headers: UnsafeRawPointer(head.headers.entries), headerCount: head.headers.count,
            owner: UnsafeMutableRawPointer(Unmanaged.passUnretained(vm).toOpaque()))
        try report("a request table, of which three fields are read", unit: 1, "ns", rounds: 40, turns: 20_000) {
            stack.pushCopy(of: handler)
            let view = memory.push(on: stack)
            guard stack.call(arguments: 1, results: 1) == .ok else {
                throw ScriptError(message: stack.string(at: -1) ?? "")
            }
            view.end(in: vm)
            stack.pop()
            return 1
        }
    }
}

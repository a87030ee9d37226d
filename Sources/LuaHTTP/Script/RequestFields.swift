// SPDX-License-Identifier: MIT

internal import NIOCore

/// Fields of `req` that are computed when a script first reads them: decoded query, form, JSON and so on.
struct RequestFields {
    let exchange: HTTPExchange
    let vm: LuaVM
    let routePath: String?
    let listener: (host: String, port: Int)
    let body: BodyContent

    /// Pushes the value of `field`. [-0, +1]
    func push(_ field: RequestField, on stack: LuaStack) throws(HostError) {
        switch field {
        case .query: try UrlencodedTable.push(query: exchange.head.slice(exchange.head.query), on: stack)
        case .cookies: pushCookies(on: stack)
        case .body: try pushBody(on: stack)
        case .form: try pushForm(on: stack)
        case .files: try pushFiles(on: stack)
        case .json: try pushJSON(on: stack)
        case .ip: stack.push(exchange.ipAddress ?? "")
        case .port: stack.push(Int64(authority.port))
        case .host: stack.push(authority.host)
        case .scheme: stack.push(isSecure ? "https" as StaticString : "http")
        case .isSecure: stack.push(isSecure)
        case .url: pushURL(on: stack)
        case .id: stack.push(RequestIdentifier.make())
        case .route: if let routePath { stack.push(routePath) } else { stack.pushNil() }
        case .started: stack.push(Double(Clock.seconds()))
        }
    }

    private var isSecure: Bool { exchange.isSecure }

    /// The first value wins where a name comes twice (RFC 6265 §5.4 leaves the order to the client).
    private func pushCookies(on stack: LuaStack) {
        stack.pushTable(fields: 4)
        let table = stack.absolute(-1)
        var line = exchange.head.headers.firstIndex(.cookie)
        while let index = line {
            var cookies = CookieReader(exchange.head.value(index))
            while let cookie = cookies.next() {
                stack.push(cookie.name)
                let isKnown = stack.get(from: table) != .nil
                stack.pop()
                if isKnown { continue }
                stack.push(cookie.value)
                stack.setField(cookie.name, of: table)
            }
            line = exchange.head.headers.nextIndex(.cookie, after: index)
        }
    }

    private static func streamed(_ field: String) -> HostError {
        .message(
            "req.\(field) is not there: the route takes its body as a stream (use req:read or req:parts)")
    }

    private func pushBody(on stack: LuaStack) throws(HostError) {
        switch body {
        case .collected: exchange.body.withUnsafeReadableBytes { _ = stack.push($0) }
        case .form: throw .message("the bytes of a multipart form are not kept: use req.form and req.files")
        case .stream: throw Self.streamed("body")
        }
    }

    /// Empty for a body of another type. What a form may look like is the client's business, so a wrong
    /// one is answered, not raised as an error of the script.
    private func pushForm(on stack: LuaStack) throws(HostError) {
        switch body {
        case .form(let form): return UploadTable.push(form.fields, on: stack)
        case .stream: throw Self.streamed("form")
        case .collected: break
        }
        let media = exchange.head.value(.contentType).flatMap { MediaType($0) }
        guard media?.is("application/x-www-form-urlencoded") == true else {
            return UploadTable.push([], on: stack)
        }
        var failure: HostError?
        exchange.body.withUnsafeReadableBytes { body in
            do throws(HostError) {
                try UrlencodedTable.push(form: body, on: stack)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// The request table is at index 1 while one of its fields is read.
    private func pushFiles(on stack: LuaStack) throws(HostError) {
        switch body {
        case .form(let form): UploadTable.push(form.files, of: 1, on: stack)
        case .collected: UploadTable.push([], of: 1, on: stack)
        case .stream: throw Self.streamed("files")
        }
    }

    private func pushJSON(on stack: LuaStack) throws(HostError) {
        switch body {
        case .collected: break
        case .form: throw .abort(status: 400, message: "request body is a multipart form, not JSON")
        case .stream: throw Self.streamed("json")
        }
        var failure: JSONError?
        exchange.body.withUnsafeReadableBytes { bytes in
            do throws(JSONError) {
                try JSONReader.push(bytes, on: stack, limitedBy: vm)
            } catch {
                failure = error
            }
        }
        if let failure {
            throw .abort(status: 400, message: "request body is not valid JSON: \(failure)")
        }
    }

    /// Host name without the port, and the port the client addressed.
    private var authority: (host: String, port: Int) {
        let field = exchange.head.slice(exchange.head.host)
        guard !field.isEmpty else { return listener }
        let text = String(decoding: field, as: UTF8.self)
        let plain = isSecure ? 443 : 80
        // "[::1]:8080": the colons of an IPv6 address are inside the brackets.
        let end = text.lastIndex(of: "]") ?? text.startIndex
        guard let colon = text[end...].lastIndex(of: ":") else { return (text, plain) }
        return (String(text[..<colon]), Int(text[text.index(after: colon)...]) ?? plain)
    }

    private func pushURL(on stack: LuaStack) {
        let host = exchange.head.slice(exchange.head.host)
        var url = isSecure ? "https://" : "http://"
        url += host.isEmpty ? "\(listener.host):\(listener.port)" : String(decoding: host, as: UTF8.self)
        url += String(decoding: exchange.head.slice(exchange.head.path), as: UTF8.self)
        let query = exchange.head.slice(exchange.head.query)
        if !query.isEmpty { url += "?" + String(decoding: query, as: UTF8.self) }
        stack.push(url)
    }
}

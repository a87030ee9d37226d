// SPDX-License-Identifier: MIT

internal import NIOCore

/// Files of `app:static`: found, negotiated, conditional, from the cache or the disk. No Lua runs.
extension RequestTask {
    /// Serves what the route's `*path` names.
    func sendStatic(_ mount: StaticMount) {
        guard let exchange else { return }
        let path = exchange.head.slice(exchange.head.path)
        let now = Clock.milliseconds()
        let entry = generation.files.entry(for: path)
        if let entry, generation.files.isFresh(entry, now: now), send(entry, of: mount) { return }
        let name = match.count > 0 ? match.withBytes(of: match[0], in: path) { [UInt8]($0) } : []
        let resolved: StaticPath
        do throws(StaticPath.Refusal) {
            resolved = try StaticPath(decoded: name)
        } catch {
            return fail(with: Failure(status: error == .malformed ? 400 : 404))
        }
        switch StaticLookup(mount: mount).find(resolved) {
        case .file(let found): send(found, of: mount, replacing: entry, now: now)
        case .directory(let path): sendListing(of: path, mount)
        case .redirect: redirectToDirectory()
        case .notFound: fail(with: Failure(status: 404, details: missingFile(resolved, in: mount)))
        case .forbidden: fail(with: Failure(status: 403))
        case .failed(let code): failToOpen(code)
        }
    }

    private func missingFile(_ path: StaticPath, in mount: StaticMount) -> FailureDetails? {
        guard worker.isDevelopment, let route else { return nil }
        return FailureDetails(
            missingFile: FailureDetails.MissingFile(
                directory: mount.directory, path: String(decoding: path.bytes.dropLast(), as: UTF8.self),
                origin: generation.routes[route].origin))
    }

    private func cacheControl(_ mount: StaticMount, _ path: ArraySlice<UInt8>) -> [UInt8] {
        // An open page that loads itself again asks for its files only if they are not fresh.
        worker.live != nil ? Array("no-cache".utf8) : mount.cache.value(for: path)
    }

    // MARK: From the disk

    private func send(
        _ found: consuming StaticLookup.Found, of mount: StaticMount, replacing entry: FileCache.Entry?,
        now: UInt64
    ) {
        guard let exchange else { return }
        let forms = found.forms
        if let entry {
            if entry.forms.elementsEqual(forms, by: { $0.found == $1 }) {
                generation.files.confirm(entry, now: now)
                if send(entry, of: mount) { return }
            }
            generation.files.remove(entry)
        }
        let relative = found.path.bytes.dropLast()
        var options = FileResponse.Options(
            cacheControl: cacheControl(mount, relative), varies: forms.count > 1)
        let type = ContentType.of(fileName: found.path.fileName)
        let racy = Clock.seconds() - FileCache.racyAge
        if forms.allSatisfy({ $0.status.modified < racy }) {
            let kept = keep(forms, found.file, mount, type, options)
            let entry = FileCache.Entry(
                path: Array(exchange.head.slice(exchange.head.path)), forms: kept, now: now)
            generation.files.insert(entry)
            if send(entry, of: mount) { return }
        }
        let form = chosen(of: forms, exchange) { $0.coding }
        options.coding = form.coding
        if form.coding != .identity, let file = mount.root.openFile(form.path) {
            return send(file, type: type, options)
        }
        options.coding = .identity
        send(takeFile(found), type: type, options)
    }

    private func takeFile(_ found: consuming StaticLookup.Found) -> OpenFile { found.file }

    /// The forms with their header lines, small ones with their content.
    private func keep(
        _ forms: [StaticLookup.Form], _ file: borrowing OpenFile, _ mount: StaticMount, _ type: StaticString,
        _ options: FileResponse.Options
    ) -> [FileCache.Form] {
        var kept: [FileCache.Form] = []
        for form in forms {
            var options = options
            options.coding = form.coding
            let response = FileResponse(
                to: FileResponse.Request(method: .get), for: form.status, type: type, options: options,
                now: Clock.seconds())
            var body: ByteBuffer?
            if form.status.size <= FileCache.largestFile {
                if form.coding == .identity {
                    body = FileReader.read(file, 0..<form.status.size)
                } else if let file = mount.root.openFile(form.path), file.status == form.status {
                    body = FileReader.read(file, 0..<form.status.size)
                }
            }
            kept.append(FileCache.Form(found: form, header: fileHeader(response), body: body))
        }
        return kept
    }

    private func send(_ file: consuming OpenFile, type: StaticString, _ options: FileResponse.Options) {
        guard let exchange else { return }
        let response = FileResponse(
            to: fileRequest(exchange), for: file.status, type: type, options: options, now: Clock.seconds())
        respond(response, status: response.status, fileHeader(response), file)
    }

    // MARK: From the cache

    /// False when a large file is not what it was: look again.
    private func send(_ entry: FileCache.Entry, of mount: StaticMount) -> Bool {
        guard let exchange else { return true }
        let form = chosen(of: entry.forms, exchange) { $0.found.coding }
        guard let body = form.body else { return sendLarge(form, entry, mount, exchange) }
        guard hasConditions(exchange) else {
            form.header.withUnsafeReadableBytes {
                _ = exchange.respond(ResponseHead(200, fields: $0), body: body)
            }
            complete(status: 200, bytes: body.readableBytes)
            return true
        }
        let response = self.response(to: exchange, form, entry, mount)
        if response.isRefusal {
            refuse(response)
            return true
        }
        var content = ByteBuffer()
        if response.pieces.count == 1, let slice = body.getSlice(response.range) {
            content = slice
        } else {
            for piece in response.pieces {
                content.writeBytes(piece.before)
                if var slice = body.getSlice(piece.range) { content.writeBuffer(&slice) }
            }
        }
        fileHeader(response).withUnsafeReadableBytes {
            _ = exchange.respond(ResponseHead(response.status, fields: $0), body: content)
        }
        complete(status: response.status, bytes: content.readableBytes)
        return true
    }

    private func sendLarge(
        _ form: FileCache.Form, _ entry: FileCache.Entry, _ mount: StaticMount, _ exchange: HTTPExchange
    ) -> Bool {
        guard let file = mount.root.openFile(form.found.path), file.status == form.found.status else {
            generation.files.remove(entry)
            return false
        }
        if hasConditions(exchange) {
            let response = self.response(to: exchange, form, entry, mount)
            respond(response, status: response.status, fileHeader(response), file)
        } else {
            let whole = FileResponse.whole(file.status.size)
            respond(whole, status: 200, form.header, file)
        }
        return true
    }

    private func response(
        to exchange: HTTPExchange, _ form: FileCache.Form, _ entry: FileCache.Entry, _ mount: StaticMount
    ) -> FileResponse {
        let path = entry.forms[0].found.path.dropLast()
        let name = path.lastIndex(of: ASCII.slash).map { path[($0 + 1)...] } ?? path
        let options = FileResponse.Options(
            cacheControl: cacheControl(mount, path), coding: form.found.coding,
            varies: entry.forms.count > 1)
        return FileResponse(
            to: fileRequest(exchange), for: form.found.status, type: ContentType.of(fileName: name),
            options: options, now: Clock.seconds())
    }

    // MARK: Negotiation

    /// The form that the client likes best.
    private func chosen<Form>(
        of forms: [Form], _ exchange: HTTPExchange, _ coding: (Form) -> AnswerCoding
    ) -> Form {
        guard forms.count > 1, exchange.head.headers.contains(.acceptEncoding) else { return forms[0] }
        let accepted = AcceptEncoding(of: exchange.head)
        let best = accepted.best { wanted in forms.contains { coding($0) == wanted } }
        return forms.first { coding($0) == best } ?? forms[0]
    }

    private func hasConditions(_ exchange: HTTPExchange) -> Bool {
        exchange.head.headers.hasPreconditions || exchange.head.headers.contains(.range)
    }

    // MARK: Directories

    private func sendListing(of path: [UInt8], _ mount: StaticMount) {
        guard let exchange else { return }
        switch mount.root.contents(of: path, most: DirectoryListing.mostEntries) {
        case .outcome(.forbidden): fail(with: Failure(status: 403))
        case .outcome(.notFound): fail(with: Failure(status: 404))
        case .entries(let entries, let isCut):
            var shown: [UInt8] = []
            _ = PercentCoding.decode(exchange.head.slice(exchange.head.path), into: &shown)
            let page = ByteBuffer(bytes: DirectoryListing.page(entries, path: shown, isCut: isCut))
            // What is in a directory changes without notice.
            var header = ByteBuffer(
                string: "Content-Type: text/html; charset=utf-8\r\nCache-Control: no-cache\r\n")
            header.writeImmutableBuffer(generation.standardFields.block)
            header.withUnsafeReadableBytes {
                _ = exchange.respond(ResponseHead(200, fields: $0), body: page)
            }
            complete(status: 200, bytes: page.readableBytes)
        }
    }

    /// A directory without the slash at its end: relative links of its page would miss it.
    private func redirectToDirectory() {
        guard let exchange else { return }
        var field = ByteBuffer()
        field.writeStaticString("Location: ")
        let path = exchange.head.slice(exchange.head.path)
        // "//host" would name another server.
        guard !path.starts(with: [ASCII.slash, ASCII.slash]) else { return fail(with: Failure(status: 404)) }
        field.writeBytes(path)
        field.writeStaticString("/")
        if !exchange.head.query.isEmpty {
            field.writeStaticString("?")
            field.writeBytes(exchange.head.slice(exchange.head.query))
        }
        field.writeStaticString("\r\n")
        respond(status: 301, fields: field)
    }
}

extension ByteBuffer {
    fileprivate func getSlice(_ range: Range<Int64>) -> ByteBuffer? {
        getSlice(at: readerIndex + Int(range.lowerBound), length: Int(range.upperBound - range.lowerBound))
    }
}

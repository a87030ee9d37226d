// SPDX-License-Identifier: MIT

internal import NIOCore
internal import NIOPosix

/// Sending open files: `app.file` of handlers, and what it has in common with `app:static`.
extension RequestTask {
    /// Larger files are sent by the kernel (sendfile); a smaller one costs less as part of the answer.
    private static var copiedFile: Int { 32 << 10 }

    /// `app.file(path)`, below the directory of the script. The lines of the author's answer are in the worker.
    func sendFile(named name: String, download: String?, status: Int, hasContentType: Bool) {
        guard let exchange else { return }
        let path: StaticPath
        do throws(StaticPath.Refusal) {
            path = try StaticPath(decoded: Array(name.utf8))
        } catch {
            return fail(absent: name, "is no path below the directory of the script")
        }
        switch worker.root.open(path) {
        case .file(let file):
            // Preconditions and ranges are about what a GET would answer with 200 (RFC 9110 §13.2.1, §14.2).
            let request =
                status == 200 && (exchange.head.method == .get || exchange.isHead)
                ? fileRequest(exchange) : FileResponse.Request(method: exchange.isHead ? .head : .get)
            let fields = AnswerFields(worker.fields.bytes)
            let response = FileResponse(
                to: request, for: file.status,
                type: hasContentType ? nil : ContentType.of(fileName: path.fileName),
                options: FileResponse.Options(own: fields.ofFile), now: Clock.seconds())
            respond(
                response, status: response.status == 200 ? status : response.status,
                fileHeader(response, fields, download), file)
        // The path is the script's own: a redirect to the route's path would lead nowhere.
        case .directory: fail(absent: name, "is a directory")
        case .notFound: fail(absent: name, "does not exist")
        case .forbidden: fail(with: Failure(status: 403))
        case .failed(let code): failToOpen(code)
        }
    }

    /// Not found is all that the client is told.
    private func fail(absent name: String, _ reason: StaticString) {
        worker.logger.debug("\(requestLine): app.file: \(LogText.line(name)) \(reason)")
        fail(with: Failure(status: 404))
    }

    /// What the request says of the form it wants.
    func fileRequest(_ exchange: HTTPExchange) -> FileResponse.Request {
        FileResponse.Request(
            method: exchange.isHead ? .head : .get,
            fields: Conditional.Fields(exchange.head),
            range: exchange.head.value(.range))
    }

    /// The header lines of a file that no script had a say in.
    func fileHeader(_ response: FileResponse) -> ByteBuffer {
        var header = ByteBuffer(bytes: response.header)
        if response.status != 304 { header.writeImmutableBuffer(generation.standardFields.block) }
        return header
    }

    /// Those of a file that a handler sends: what its author says counts.
    private func fileHeader(_ response: FileResponse, _ fields: AnswerFields, _ download: String?)
        -> ByteBuffer
    {
        var header = ByteBuffer(bytes: response.header)
        guard response.status != 304 else {
            header.writeImmutableBuffer(fields.ofNotModified)
            return header
        }
        header.writeImmutableBuffer(fields.lines)
        if let download, !fields.hasDisposition {
            header.writeStaticString("Content-Disposition: ")
            header.writeBytes(ContentDisposition.attachment(download))
            header.writeStaticString("\r\n")
        }
        return header
    }

    /// The app's page says what cannot be met (RFC 9110 §15.5.13, §15.5.17).
    func refuse(_ response: FileResponse) {
        fail(with: Failure(status: response.status, fields: ByteBuffer(bytes: response.header)))
    }

    func respond(
        _ response: FileResponse, status: Int, _ header: ByteBuffer, _ file: consuming OpenFile
    ) {
        guard let exchange else { return }
        if response.isRefusal { return refuse(response) }
        let length = response.length
        if length <= Self.copiedFile {
            var body = ByteBuffer()
            for piece in response.pieces {
                body.writeBytes(piece.before)
                guard FileReader.append(file, piece.range, to: &body) else {
                    return fail(
                        with: Failure(
                            status: 500,
                            error: ScriptError(message: "a file became shorter while it was read")))
                }
            }
            header.withUnsafeReadableBytes {
                _ = exchange.respond(ResponseHead(status, fields: $0), body: body)
            }
        } else {
            let body = FileBody(
                NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: file.takeDescriptor()),
                response.pieces.map {
                    FileBody.Piece(
                        before: ByteBuffer(bytes: $0.before),
                        range: Int($0.range.lowerBound)..<Int($0.range.upperBound))
                })
            header.withUnsafeReadableBytes {
                _ = exchange.respond(ResponseHead(status, fields: $0), file: body)
            }
        }
        complete(status: status, bytes: length)
    }

    func failToOpen(_ code: Int32) {
        fail(
            with: Failure(
                status: 503, error: ScriptError(message: "cannot open a file: \(SystemError(code: code))")))
    }
}

extension AnswerFields {
    /// What they say of a file that is sent with them.
    fileprivate var ofFile: FileResponse.Own {
        FileResponse.Own(
            validators: validators, hasTag: hasTag, hasDate: hasDate, hasAcceptRanges: hasAcceptRanges)
    }
}

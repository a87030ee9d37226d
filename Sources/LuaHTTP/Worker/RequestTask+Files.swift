// SPDX-License-Identifier: MIT

internal import NIOCore
internal import NIOPosix

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Files: mounts of `app:static`, and `app.file` of handlers. No way leads out of their directories.
extension RequestTask {
    /// Larger files are sent by the kernel (sendfile); a smaller one costs less as part of the answer.
    private static var copiedFile: Int64 { 64 << 10 }

    /// Serves what the route's `*path` names.
    func sendStatic(_ mount: StaticMount) {
        guard let exchange else { return }
        let path = exchange.head.slice(exchange.head.path)
        let name = match.count > 0 ? match.withBytes(of: match[0], in: path) { [UInt8]($0) } : []
        let resolved: StaticPath
        do throws(StaticPath.Refusal) {
            resolved = try StaticPath(decoded: name)
        } catch {
            return fail(with: Failure(status: error == .malformed ? 400 : 404))
        }
        var options = mount.options
        // An open page that loads itself again asks for its files only if they are not fresh.
        if worker.live != nil { options.cacheControl = Array("no-cache".utf8) }
        sendFile(
            resolved, in: mount.root, options, status: 200, fields: nil, hasContentType: false,
            mount: mount)
    }

    /// `app.file(path)`, below the directory of the script.
    func sendFile(named name: String, download: String?, status: Int, hasContentType: Bool) {
        do throws(StaticPath.Refusal) {
            let path = try StaticPath(decoded: Array(name.utf8))
            if let download { addDisposition(download) }
            sendFile(
                path, in: worker.root, FileResponse.Options(), status: status, fields: worker.fields.bytes,
                hasContentType: hasContentType, mount: nil)
        } catch {
            fail(with: Failure(status: 404))
        }
    }

    /// `attachment` with a name in both forms of RFC 6266 §4.1.
    private func addDisposition(_ name: String) {
        let plain = name.utf8.map {
            $0 >= 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C ? $0 : UInt8(ascii: "_")
        }
        var line = Array("Content-Disposition: attachment; filename=\"".utf8) + plain + Array("\"".utf8)
        if plain != Array(name.utf8) {
            line += Array("; filename*=UTF-8''".utf8)
            PercentCoding.encode(name.utf8, into: &line)
        }
        worker.fields.append(ByteBuffer(bytes: line + [ASCII.cr, ASCII.lf]))
    }

    private func sendFile(
        _ path: StaticPath, in root: FileRoot, _ options: FileResponse.Options, status: Int,
        fields: ByteBuffer?, hasContentType: Bool, mount: StaticMount?
    ) {
        switch root.open(path) {
        case .file(let file):
            send(file, path, options, status: status, fields: fields, hasContentType: hasContentType)
        // The path of a mount's request names the directory; that of a handler is the route's own.
        case .directory where mount != nil: redirectToDirectory()
        case .directory: fail(with: Failure(status: 404))
        case .notFound: fail(with: Failure(status: 404, details: mount.flatMap { missingFile(path, in: $0) }))
        case .forbidden: fail(with: Failure(status: 403))
        case .failed(let code):
            fail(
                with: Failure(
                    status: 503, error: ScriptError(message: "cannot open a file: \(SystemError(code: code))")
                ))
        }
    }

    private func missingFile(_ path: StaticPath, in mount: StaticMount) -> FailureDetails? {
        guard worker.isDevelopment, let route else { return nil }
        return FailureDetails(
            missingFile: FailureDetails.MissingFile(
                directory: mount.directory, path: String(decoding: path.bytes.dropLast(), as: UTF8.self),
                origin: generation.routes[route].origin))
    }

    private func send(
        _ file: consuming OpenFile, _ path: StaticPath, _ options: FileResponse.Options, status: Int,
        fields: ByteBuffer?, hasContentType: Bool
    ) {
        guard let exchange else { return }
        var request = FileResponse.Request(method: exchange.isHead ? .head : .get)
        // Preconditions and ranges are about what a GET would answer with 200 (RFC 9110 §13.2.1, §14.2).
        if status == 200, exchange.head.method == .get || exchange.isHead {
            request.fields = Conditional.Fields(
                ifMatch: exchange.head.value(.ifMatch), ifNoneMatch: exchange.head.value(.ifNoneMatch),
                ifModifiedSince: exchange.head.value(.ifModifiedSince),
                ifUnmodifiedSince: exchange.head.value(.ifUnmodifiedSince),
                ifRange: exchange.head.value(.ifRange))
            request.range = exchange.head.value(.range)
        }
        let response = FileResponse(
            to: request, for: file.status,
            type: hasContentType ? nil : ContentType.of(fileName: path.fileName), options: options,
            now: Clock.seconds())
        var header = ByteBuffer(bytes: response.header)
        if let fields { header.writeImmutableBuffer(fields) }
        let status = response.status == 200 ? status : response.status
        respond(status, header, file, response.range)
    }

    private func respond(
        _ status: Int, _ header: ByteBuffer, _ file: consuming OpenFile, _ range: Range<Int64>
    ) {
        guard let exchange else { return }
        let count = range.count
        if count <= Self.copiedFile {
            guard let body = Self.read(file, range) else {
                return fail(with: Failure(status: 500, error: ScriptError(message: "cannot read a file")))
            }
            header.withUnsafeReadableBytes {
                _ = exchange.respond(ResponseHead(status, fields: $0), body: body)
            }
        } else {
            let handle = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: file.takeDescriptor())
            let region = FileRegion(
                fileHandle: handle, readerIndex: Int(range.lowerBound), endIndex: Int(range.upperBound))
            header.withUnsafeReadableBytes {
                _ = exchange.respond(ResponseHead(status, fields: $0), file: region)
            }
        }
        complete(status: status, bytes: count)
    }

    /// The bytes of the range, or nil when the file is shorter by now.
    private static func read(_ file: borrowing OpenFile, _ range: Range<Int64>) -> ByteBuffer? {
        var buffer = ByteBuffer()
        guard !range.isEmpty else { return buffer }
        buffer.reserveCapacity(range.count)
        var offset = range.lowerBound
        while offset < range.upperBound {
            let wanted = Int(range.upperBound - offset)
            let descriptor = file.descriptor
            let count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) {
                max(0, pread(descriptor, $0.baseAddress, wanted, off_t(offset)))
            }
            guard count > 0 else { return nil }
            offset += Int64(count)
        }
        return buffer
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
        field.writeStaticString("/\r\n")
        respond(status: 301, fields: field)
    }
}

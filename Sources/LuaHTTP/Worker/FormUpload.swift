// SPDX-License-Identifier: MIT

internal import NIOCore

/// Receives a multipart form: fields in memory, files through a spool each. Its request is handled when all
/// has arrived and is stored. What goes wrong before is answered by the connection.
final class FormUpload: BodyReader {
    private enum Target { case none, field, file }

    /// Fields are kept in memory, all of them together as much as an ordinary body.
    private static let fieldMemory = 8 << 20

    private(set) var content = FormContent()
    /// Those of `content.files`, in their order.
    private(set) var spools: [UploadSpool] = []
    private var parser: MultipartParser
    private let limits: Limits
    private let pool: BlockingPool
    private let directory: UploadDirectory
    private var target = Target.none
    /// The file has an empty name.
    private var isUnchosen = false
    private var parts = 0
    private var fieldBytes = 0
    private var isFinished = false
    private var isOver = false
    /// The form is complete.
    var onReady: () -> Void = {}
    /// It cannot be stored.
    var onFailure: (HTTPError) -> Void = { _ in }
    /// It takes more again.
    var onRoom: () -> Void = {}

    /// Nil when the media type has no valid boundary.
    init?(_ media: MediaType, limits: Limits, pool: BlockingPool, directory: UploadDirectory) {
        guard let boundary = media.parameter("boundary"),
            let parser = MultipartParser(boundary: boundary, headLimit: limits.partHead)
        else { return nil }
        self.parser = parser
        self.limits = limits
        self.pool = pool
        self.directory = directory
    }

    /// Nobody wants it any more; the files go.
    func cancel() {
        isOver = true
        onReady = {}
        onFailure = { _ in }
        onRoom = {}
        for spool in spools { spool.onProgress = {} }
        spools.removeAll()
    }

    // MARK: Receiving

    var isFull: Bool { spools.reduce(0) { $0 + $1.waiting } >= UploadSpool.backlog }

    func receive(_ piece: ByteBuffer) throws(HTTPError) {
        var failure: HTTPError?
        piece.withUnsafeReadableBytes { bytes in
            do throws(HTTPError) {
                try read(bytes)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    private func read(_ bytes: UnsafeRawBufferPointer) throws(HTTPError) {
        var index = 0
        while let event = try parser.next(bytes, &index) {
            switch event {
            case .part(let head): try begin(head)
            case .data(let range): try append(UnsafeRawBufferPointer(rebasing: bytes[range]))
            case .held(let range): try appendHeld(range)
            case .partEnd: endPart()
            case .end: break
            }
        }
    }

    func finish() throws(HTTPError) {
        guard parser.isComplete else {
            throw HTTPError(400, "multipart body ended before its last boundary")
        }
        isFinished = true
        proceed()
    }

    /// Hands the form over once its files are on disk.
    private func proceed() {
        guard isFinished, !isOver, spools.allSatisfy(\.isSettled) else { return }
        isOver = true
        onReady()
    }

    // MARK: Parts

    private func begin(_ head: MultipartPart) throws(HTTPError) {
        parts += 1
        guard parts <= limits.parts else { throw HTTPError(413, "too many parts in the form", limit: .parts) }
        guard let name = head.name else { throw HTTPError(400, "part of a form without a name") }
        guard let filename = head.filename else {
            target = .field
            return content.fields.append(FormContent.Field(name: name))
        }
        target = .file
        isUnchosen = filename.isEmpty
        content.files.append(
            FormContent.File(
                name: name, filename: UploadName.shown(filename),
                type: head.type ?? Array("application/octet-stream".utf8)))
        let spool = UploadSpool(pool: pool, directory: directory)
        spool.onProgress = { [weak self, unowned spool] in self?.progressed(spool) }
        spools.append(spool)
    }

    private func append(_ bytes: UnsafeRawBufferPointer) throws(HTTPError) {
        switch target {
        case .none: break
        case .field:
            let last = content.fields.count - 1
            guard content.fields[last].value.count + bytes.count <= limits.formField,
                fieldBytes + bytes.count <= max(Self.fieldMemory, limits.formField)
            else { throw HTTPError(413, "field of the form too large", limit: .formField) }
            fieldBytes += bytes.count
            content.fields[last].value.append(contentsOf: bytes)
        case .file:
            guard let spool = spools.last, spool.size + Int64(bytes.count) <= limits.formFile else {
                throw HTTPError(413, "file of the form too large", limit: .formFile)
            }
            spool.append(bytes)
        }
    }

    private func appendHeld(_ range: Range<Int>) throws(HTTPError) {
        let held = Array(parser.delimiter[range])
        var failure: HTTPError?
        held.withUnsafeBytes { bytes in
            do throws(HTTPError) { try append(bytes) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private func endPart() {
        defer { target = .none }
        guard target == .file, let spool = spools.last else { return }
        // What browsers send where no file was chosen.
        if isUnchosen, spool.size == 0 {
            content.files.removeLast()
            spools.removeLast()
            return
        }
        content.files[content.files.count - 1].size = spool.size
        spool.close()
    }

    private func progressed(_ spool: UploadSpool) {
        guard !isOver else { return }
        if let failure = spool.failure {
            isOver = true
            return onFailure(.storing(failure))
        }
        if isFinished { proceed() } else if !isFull { onRoom() }
    }
}

@available(*, unavailable)
extension FormUpload: Sendable {}

extension HTTPError {
    /// What a client gets whose upload could not be stored (RFC 4918 §11.5).
    static func storing(_ error: SystemError) -> HTTPError {
        error.isFull
            ? HTTPError(507, "no room to store the upload", cause: error.description)
            : HTTPError(500, "the upload could not be stored", cause: error.description)
    }
}

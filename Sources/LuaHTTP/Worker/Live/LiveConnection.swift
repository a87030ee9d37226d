// SPDX-License-Identifier: MIT

internal import NIOCore
internal import NIOPosix

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Stands before a connection for one request of a page and puts a tag into the page that goes by. Everything else
/// passes as it is. Does not know who answers, and is not there in production.
final class LiveConnection: ExchangeConnection {
    let base: any ExchangeConnection
    private var attributes: String
    private let policy: ContentPolicy
    /// Of a streamed page.
    private var page: LivePage?
    private var insertion = TagInsertion()

    /// Larger files are sent as they are.
    private static let largestFile = 4 << 20

    /// - Parameter attributes: of the tag.
    init(_ base: any ExchangeConnection, attributes: String, policy: ContentPolicy) {
        self.base = base
        self.attributes = attributes
        self.policy = policy
    }

    /// The page is to link to the report at this path.
    func offer(_ path: String) { attributes += " data-report=\"\(path)\"" }

    private func page(_ head: ResponseHead) -> LivePage? {
        LivePage(status: head.status, fields: head.fields, policy: policy)
    }

    // MARK: Whole answers

    func respond(_ head: ResponseHead, _ body: UnsafeRawBufferPointer) -> Bool {
        guard let page = page(head) else { return base.respond(head, body) }
        return respond(head, page, body)
    }

    func respond(_ head: ResponseHead, buffer: ByteBuffer) -> Bool {
        guard let page = page(head) else { return base.respond(head, buffer: buffer) }
        return buffer.withUnsafeReadableBytes { respond(head, page, $0) }
    }

    func respond(_ head: ResponseHead, file: FileBody) -> Bool {
        // A page in one piece; of parts of a page nobody could tell where the head is.
        guard file.length <= Self.largestFile, file.pieces.count == 1, let page = page(head),
            let range = file.pieces.first?.range, let bytes = Self.read(file.handle, range)
        else {
            return base.respond(head, file: file)
        }
        try? file.handle.close()
        return bytes.withUnsafeBytes { respond(head, page, $0) }
    }

    private func respond(_ head: ResponseHead, _ page: LivePage, _ body: UnsafeRawBufferPointer) -> Bool {
        // ByteBuffer counts in UInt32; the connection says what is too large.
        guard body.count < 1 << 30 else { return base.respond(head, body) }
        var output = ByteBuffer()
        output.reserveCapacity(body.count + 256)
        insertion.pass(body, into: &output)
        insertion.finish(page.tag(attributes), into: &output)
        return with(page, head) { base.respond($0, buffer: output) }
    }

    private func with(_ page: LivePage, _ head: ResponseHead, _ body: (ResponseHead) -> Bool) -> Bool {
        page.fields.withUnsafeBytes { body(ResponseHead(head.status, fields: $0, closes: head.closes)) }
    }

    private static func read(_ file: NIOFileHandle, _ range: Range<Int>) -> [UInt8]? {
        try? file.withUnsafeFileDescriptor { descriptor in
            var bytes = [UInt8](repeating: 0, count: range.count)
            var filled = 0
            while filled < bytes.count {
                let offset = off_t(range.lowerBound + filled)
                let count = bytes.withUnsafeMutableBytes {
                    pread(descriptor, $0.baseAddress.map { $0 + filled }, $0.count - filled, offset)
                }
                guard count > 0 else { return nil }
                filled += count
            }
            return bytes
        }
    }

    // MARK: Streamed answers

    func start(_ head: ResponseHead) -> Bool {
        page = page(head)
        guard let page else { return base.start(head) }
        return with(page, head) { base.start($0) }
    }

    func write(_ bytes: ByteBuffer) -> Bool {
        guard page != nil else { return base.write(bytes) }
        var output = ByteBuffer()
        bytes.withUnsafeReadableBytes { insertion.pass($0, into: &output) }
        return base.write(output)
    }

    func finish() {
        writeTag()
        base.finish()
    }

    /// A page that broke off: browsers run what has arrived, so its author learns why.
    func abort() {
        writeTag()
        base.abort()
    }

    private func writeTag() {
        guard let page else { return }
        self.page = nil
        var output = ByteBuffer()
        insertion.finish(page.tag(attributes), into: &output)
        _ = base.write(output)
    }

    // MARK: The rest

    func fail(_ error: HTTPError) -> Bool { base.fail(error) }

    func readBody() { base.readBody() }
    func refuse(_ error: HTTPError) { base.refuse(error) }

    func upgrade(_ fields: UnsafeRawBufferPointer, to handlers: [any ChannelHandler]) -> Bool {
        base.upgrade(fields, to: handlers)
    }

    var isWritable: Bool { base.isWritable }
    var isInputClosed: Bool { base.isInputClosed }
}

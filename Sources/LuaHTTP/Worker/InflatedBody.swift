// SPDX-License-Identifier: MIT

internal import NIOCore

/// Undoes the coding of a body on its way to the reader that takes it, and bounds what comes of it.
final class InflatedBody: BodyReader {
    /// What may come of little, whatever the ratio.
    private static let free = 64 << 10
    private static let piece = 32 << 10

    private let inner: any BodyReader
    private var inflater: Inflater
    /// Of the bytes that come out.
    private let limit: Int
    private let ratio: Int
    private var consumed = 0
    private var produced = 0
    /// The inner reader has what it wanted: the answer is out.
    private let isOver: () -> Bool

    /// - Parameter isOver: nothing more is to be given to `inner`.
    init(_ format: ZlibStream.Format, limits: Limits, to inner: any BodyReader, isOver: @escaping () -> Bool)
        throws(Inflater.Failure)
    {
        inflater = try Inflater(format)
        self.inner = inner
        self.isOver = isOver
        limit = min(limits.bodyBytes, inner is CollectedBody ? 1 << 30 : .max)  // ByteBuffer counts in UInt32
        ratio = limits.inflation
    }

    var isFull: Bool { inner.isFull }
    var reportsErrors: Bool { inner.reportsErrors }
    func fail(_ error: HTTPError) { inner.fail(error) }

    func receive(_ piece: ByteBuffer) throws(HTTPError) {
        var rest = piece
        while true {
            let (inflated, wasFull) = try inflate(&rest)
            if inflated.readableBytes > 0 { try inner.receive(inflated) }
            if isOver() || (rest.readableBytes == 0 && !wasFull) { return }
        }
    }

    /// Some of `input`; the flag says that there may be more without more input.
    private func inflate(_ input: inout ByteBuffer) throws(HTTPError) -> (ByteBuffer, Bool) {
        var output = ByteBuffer()
        var counts: Result<(consumed: Int, produced: Int), Inflater.Failure> = .success((0, 0))
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.piece) { room in
            counts = input.withUnsafeReadableBytes { bytes in
                do throws(Inflater.Failure) {
                    return .success(try inflater.inflate(bytes, into: room))
                } catch {
                    return .failure(error)
                }
            }
            return (try? counts.get().produced) ?? 0
        }
        switch counts {
        case .failure(.outOfMemory): throw HTTPError(503, "out of memory")
        case .failure(.malformed): throw HTTPError(400, "compressed request body is malformed")
        case .success(let moved):
            guard moved != (0, 0) || input.readableBytes == 0 else {
                throw HTTPError(400, "compressed request body is malformed")
            }
            input.moveReaderIndex(forwardBy: moved.consumed)
            try count(moved.consumed, moved.produced)
            return (output, moved.produced > 0 && output.writableBytes == 0)
        }
    }

    private func count(_ consumed: Int, _ produced: Int) throws(HTTPError) {
        self.consumed &+= consumed
        self.produced &+= produced
        guard self.produced <= limit else {
            throw HTTPError(413, "request body too large", limit: .bodyBytes)
        }
        let (most, overflow) = self.consumed.multipliedReportingOverflow(by: ratio)
        guard overflow || self.produced <= max(Self.free, most) else {
            throw HTTPError(413, "compressed request body expands too much", limit: .inflation)
        }
    }

    func finish() throws(HTTPError) {
        guard inflater.isComplete else { throw HTTPError(400, "compressed request body ends early") }
        try inner.finish()
    }
}

/// Collects what comes of a coded body where the handler expects it: in `exchange.body`.
final class CollectedBody: BodyReader {
    private let exchange: HTTPExchange
    private var bytes = ByteBuffer()
    private let onReady: () -> Void

    init(_ exchange: HTTPExchange, onReady: @escaping () -> Void) {
        self.exchange = exchange
        self.onReady = onReady
    }

    var isFull: Bool { false }
    func receive(_ piece: ByteBuffer) throws(HTTPError) { bytes.writeImmutableBuffer(piece) }

    func finish() throws(HTTPError) {
        exchange.body = bytes
        onReady()
    }
}

@available(*, unavailable)
extension InflatedBody: Sendable {}
@available(*, unavailable)
extension CollectedBody: Sendable {}

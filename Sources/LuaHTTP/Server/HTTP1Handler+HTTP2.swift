// SPDX-License-Identifier: MIT
import NIOCore

/// A client that speaks HTTP/2 by prior knowledge (RFC 9113 §3.3) begins with what looks like a request line. Only a
/// line that is refused anyway gets here, so HTTP/1.1 pays nothing.
extension HTTP1Handler {
    private static var preface: StaticString { "PRI * HTTP/2.0\r\n" }

    /// Hands the connection to HTTP/2 if that is what the client means. Over TLS it says so in ALPN.
    func beginHTTP2() -> Bool {
        guard let context, state.requests == 0, !exchange.origin.isEncrypted else { return false }
        var bytes = ByteBuffer(bytes: exchange.head.bytes)
        bytes.writeImmutableBuffer(input)
        guard
            bytes.withUnsafeReadableBytes({
                $0.count >= Self.preface.utf8CodeUnitCount
                    && ASCII.equals(
                        UnsafeRawBufferPointer(rebasing: $0.prefix(Self.preface.utf8CodeUnitCount)),
                        Self.preface)
            })
        else { return false }
        let pipeline = context.pipeline.syncOperations
        let handlers = HTTP2Setup.handlers(
            application: application, loop: loop, limits: limits, origin: exchange.origin)
        // At the end, which is after this one: `.after` would begin with the last of them, and each speaks to those
        // before it as soon as it is added.
        guard (try? pipeline.addHandlers(handlers)) != nil else { return false }
        state.upgraded()
        // They are counted again on their way.
        loop.traffic.received &-= UInt64(truncatingIfNeeded: bytes.readableBytes)
        context.fireChannelRead(BufferAny.wrapOutboundOut(bytes))
        context.fireChannelReadComplete()
        pipeline.removeHandler(context: context, promise: nil)
        return true
    }
}

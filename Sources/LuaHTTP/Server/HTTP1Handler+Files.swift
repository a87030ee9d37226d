// SPDX-License-Identifier: MIT
import NIOCore

/// Sending a file through memory, piece by piece as the client takes them: where sendfile would pass TLS by.
extension HTTP1Handler {
    private static var filePiece: Int { 64 << 10 }
    /// Then others get their turn.
    private static var mostPieces: Int { 16 }

    func sendFile() {
        var pieces = 0
        while var cursor = file, let context, context.channel.isWritable {
            guard pieces < Self.mostPieces else {
                return context.eventLoop.assumeIsolated().execute { if self.file != nil { self.sendFile() } }
            }
            pieces &+= 1
            guard let piece = cursor.next(most: Self.filePiece) else {
                closeFile()
                return reset()
            }
            file = cursor
            if piece.readableBytes > 0 {
                passOutput()
                pass(counted: piece, context)
            }
            guard !cursor.isAtEnd else {
                closeFile()
                return end()
            }
            // The channel counts what is flushed. It may say at once that it takes more: that is for this loop.
            flush(context)
        }
    }

    func closeFile() {
        file?.close()
        file = nil
    }
}

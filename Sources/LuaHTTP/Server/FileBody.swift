// SPDX-License-Identifier: MIT
import NIOCore

/// The body of an answer that is in a file: one range of it, or several with bytes of our own between them.
/// Whoever sends it closes the file, whatever comes.
struct FileBody {
    struct Piece {
        var before = ByteBuffer()
        var range: Range<Int>
    }

    let handle: NIOFileHandle
    let pieces: [Piece]

    init(_ handle: NIOFileHandle, _ pieces: [Piece]) {
        self.handle = handle
        self.pieces = pieces
    }

    var length: Int { pieces.reduce(0) { $0 &+ $1.before.readableBytes &+ $1.range.count } }
}

// SPDX-License-Identifier: MIT

internal import NIOCore

/// The content of one uploaded file: in memory while it is small, then on disk. Confined to its loop; each
/// write runs beside it, one at a time. Does not know where the bytes come from.
final class UploadSpool {
    /// Larger content goes to disk.
    static let memory = 64 << 10
    /// More is not taken while a write is under way.
    static let backlog = 256 << 10

    private let pool: BlockingPool
    private let directory: UploadDirectory
    /// Bytes given so far.
    private(set) var size: Int64 = 0
    /// Those that are not on disk yet; all of them, for a file that is small.
    private(set) var pending = ByteBuffer()
    /// Nil while all is in memory.
    private(set) var file: UploadFile?
    private(set) var failure: SystemError?
    private var isWriting = false
    private var isClosed = false
    /// It has a name that a script gave it.
    var isSaved = false
    /// Called after each write.
    var onProgress: () -> Void = {}

    init(pool: BlockingPool, directory: UploadDirectory) {
        self.pool = pool
        self.directory = directory
    }

    deinit {
        guard let file, size > 1 << 20 else { return }
        self.file = nil
        pool.release(file)
    }

    /// Bytes that wait for the disk.
    var waiting: Int { isWriting || file != nil ? pending.readableBytes : 0 }

    /// Nothing is left to do: all is in memory or on disk, or it failed.
    var isSettled: Bool {
        isClosed && !isWriting && (failure != nil || file == nil || pending.readableBytes == 0)
    }

    func append(_ bytes: UnsafeRawBufferPointer) {
        guard failure == nil else { return }
        pending.writeBytes(bytes)
        size &+= Int64(bytes.count)
        if pending.readableBytes > Self.memory { write() }
    }

    /// No more comes.
    func close() {
        isClosed = true
        if file != nil { write() }
    }

    /// Puts content that is in memory on disk too, so that it has a path. Blocks; it is little.
    func materialize() throws(SystemError) -> UploadFile {
        if let file { return file }
        let made = try UploadFile(in: directory.path)
        try Self.write(pending, to: made, at: 0)
        file = made
        pending = ByteBuffer()
        return made
    }

    private func write() {
        guard !isWriting, failure == nil, pending.readableBytes > 0 else { return }
        isWriting = true
        let bytes = pending
        let offset = size &- Int64(bytes.readableBytes)
        pending = ByteBuffer()
        pool.run { [file, directory] () -> Result<UploadFile, SystemError> in
            do throws(SystemError) {
                let target: UploadFile
                if let file { target = file } else { target = try UploadFile(in: directory.path) }
                try Self.write(bytes, to: target, at: offset)
                return .success(target)
            } catch {
                return .failure(error)
            }
        } then: { [self] result in
            written(result)
        }
    }

    private static func write(_ bytes: ByteBuffer, to file: UploadFile, at offset: Int64) throws(SystemError)
    {
        var failure: SystemError?
        bytes.withUnsafeReadableBytes { bytes in
            do throws(SystemError) {
                try file.write(bytes, at: offset)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    private func written(_ result: Result<UploadFile, SystemError>) {
        isWriting = false
        switch result {
        case .success(let file):
            self.file = file
            if isClosed || pending.readableBytes > Self.memory { write() }
        case .failure(let error):
            failure = error
            pending = ByteBuffer()
        }
        onProgress()
    }
}

@available(*, unavailable)
extension UploadSpool: Sendable {}

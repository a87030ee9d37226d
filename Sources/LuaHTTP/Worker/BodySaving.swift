// SPDX-License-Identifier: MIT

internal import NIOCore

/// A body or a part on its way to a file that a script named: through a spool in the file's own directory,
/// which then gets the name. Where the bytes come from is BodyStream's.
final class BodySaving {
    private let spool: UploadSpool
    private let keeper: UploadKeeper
    private let path: [CChar]
    private let replaces: Bool
    /// Number of the part, or nil for the whole body.
    let part: Int?
    private(set) var isClosed = false
    private var isKeeping = false
    private(set) var outcome: BodyStream.Outcome?
    /// There is room again, or an outcome.
    var onProgress: () -> Void = {}

    init(as path: [CChar], part: Int?, replaces: Bool, keeper: UploadKeeper) {
        self.path = path
        self.part = part
        self.replaces = replaces
        self.keeper = keeper
        spool = UploadSpool(pool: keeper.pool, directory: UploadDirectory(of: path))
        spool.onProgress = { [weak self] in self?.progressed() }
    }

    var isFull: Bool { spool.waiting >= UploadSpool.backlog }

    func append(_ bytes: ByteBuffer) { bytes.withUnsafeReadableBytes { spool.append($0) } }

    /// All is there.
    func close() {
        isClosed = true
        spool.close()
        keepIfSettled()
    }

    /// Nobody waits for it any more.
    func stop() {
        onProgress = {}
        spool.onProgress = {}
        isKeeping = true
    }

    private func progressed() {
        if let failure = spool.failure, outcome == nil {
            outcome = .failed(keeper.error(failure, path))
        }
        keepIfSettled()
        onProgress()
    }

    private func keepIfSettled() {
        guard isClosed, !isKeeping, outcome == nil, spool.isSettled else { return }
        isKeeping = true
        keeper.keep(spool, as: path, replaces: replaces) { [self] error in
            outcome = error.map { .failed($0) } ?? .saved
            onProgress()
        }
    }
}

@available(*, unavailable)
extension BodySaving: Sendable {}

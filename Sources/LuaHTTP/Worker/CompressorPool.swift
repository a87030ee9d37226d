// SPDX-License-Identifier: MIT

internal import NIOCore

/// The compressors of one worker, made when first used and used again. Those of streams, which last, are bounded by the
/// memory that they hold. Confined to its loop.
final class CompressorPool {
    let setting: CompressionSetting
    private var idle: [Compressor] = []
    /// Kilobytes that those of streams hold.
    private var streaming = 0
    /// Beyond, streams are sent as they are.
    private static let mostStreaming = 32 << 10
    private static let mostIdle = 4

    init(_ setting: CompressionSetting) { self.setting = setting }

    /// A whole body in this coding. Nil without memory, or where it would not become smaller.
    func compress(_ body: UnsafeRawBufferPointer, _ coding: AnswerCoding) -> ByteBuffer? {
        guard let compressor = take(coding) else { return nil }
        defer { put(compressor) }
        var output = ByteBuffer()
        output.reserveCapacity(min(body.count / 3 + 1024, 1 << 20))
        compressor.pass(body, into: &output, .end)
        return output.readableBytes < body.count ? output : nil
    }

    /// For a body that comes piece by piece; give it back with `end`.
    func begin(_ coding: AnswerCoding) -> Compressor? {
        guard streaming < Self.mostStreaming, let compressor = take(coding) else { return nil }
        streaming += compressor.kilobytes
        return compressor
    }

    func end(_ compressor: Compressor) {
        streaming -= compressor.kilobytes
        put(compressor)
    }

    private func take(_ coding: AnswerCoding) -> Compressor? {
        guard let index = idle.lastIndex(where: { $0.coding == coding }) else {
            return coding == .zstd ? ZstdCompressor() : DeflateCompressor(coding, level: setting.level)
        }
        return idle.remove(at: index)
    }

    private func put(_ compressor: Compressor) {
        guard idle.count < Self.mostIdle else { return }
        compressor.reset()
        idle.append(compressor)
    }
}

@available(*, unavailable)
extension CompressorPool: Sendable {}

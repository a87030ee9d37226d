// SPDX-License-Identifier: MIT

internal import CZstd

/// Makes zstd (RFC 8878) of bytes, piece by piece, as Deflater does gzip. Decides nothing.
struct ZstdEncoder: ~Copyable {
    /// About what gzip's level 4 gives, in a quarter of its time; more levels cost much and give little.
    private static let level: CInt = 3
    /// 256 KiB: larger windows take more memory, and pages have no use for them. Browsers take up to 8 MiB (RFC 9659).
    private static let windowLog: CInt = 18

    private let context: OpaquePointer

    /// Nil without memory: about 1.8 MB, until it is let go of.
    init?() {
        guard let context = ZSTD_createCCtx() else { return nil }
        self.context = context
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Self.level)
        ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, Self.windowLog)
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
    }

    deinit { ZSTD_freeCCtx(context) }

    /// Begins anew, with the memory that it has.
    mutating func reset() { ZSTD_CCtx_reset(context, ZSTD_reset_session_only) }

    /// Reads some of `input` and fills some of `output`; call again while input is left or the room was filled.
    mutating func encode(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, _ flush: Deflater.Flush
    ) -> (consumed: Int, produced: Int) {
        // SAFETY: zstd reads and writes within the sizes given with the pointers, and keeps neither.
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let result = ZSTD_compressStream2(context, &target, &source, Self.mode(flush))
        // There is no error with valid parameters; whatever it were, a caller must not wait for progress.
        if ZSTD_isError(result) != 0 { return (input.count, target.pos) }
        return (source.pos, target.pos)
    }

    private static func mode(_ flush: Deflater.Flush) -> ZSTD_EndDirective {
        switch flush {
        case .none: ZSTD_e_continue
        case .all: ZSTD_e_flush
        case .end: ZSTD_e_end
        }
    }
}

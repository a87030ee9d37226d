// SPDX-License-Identifier: MIT

/// Whether and how answers that scripts make are compressed. Routes and answers may say no.
struct CompressionSetting: Sendable, Equatable {
    var isOn = true
    /// Smaller bodies gain less than they cost.
    var least = 1 << 10
    /// Of gzip and deflate, from 1, fast, to 9, small.
    var level = 5

    /// Those that are made here, beside identity.
    static func makes(_ coding: AnswerCoding) -> Bool {
        switch coding {
        case .gzip, .deflate, .zstd: true
        // Measured: at speeds that suit pages made on the fly it takes twice gzip's time for no smaller result.
        case .br, .identity: false
        }
    }
}

// SPDX-License-Identifier: MIT

/// Recorded cases in which this engine differs on purpose, and why (D1 … D9 are in docs/templates.md).
enum KnownDivergences {
    static let reasons: [String: String] = [:]
}

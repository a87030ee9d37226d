// SPDX-License-Identifier: MIT

internal import CAssets

/// A file that is part of the program (Sources/CAssets).
struct Asset: Sendable {
    let text: String

    /// The style of error pages for the author, and of those for visitors.
    static let pageStyle = Asset(lh_asset_page_css())
    static let plainStyle = Asset(lh_asset_plain_css())
    /// What keeps open pages up to date.
    static let liveScript = Asset(lh_asset_live_js())

    private init(_ asset: lh_asset) {
        // SAFETY: a constant array of the program.
        text = String(decoding: UnsafeRawBufferPointer(start: asset.bytes, count: asset.size), as: UTF8.self)
    }
}

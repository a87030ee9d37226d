// SPDX-License-Identifier: MIT

/// What only the development page shows of a failure, and what is gone a moment later: taken at once, and only
/// in development. Plain data.
struct FailureDetails: Sendable {
    /// The calls that led to `app.abort`.
    var calls: [ScriptError.Frame] = []
    /// Variables of the page that was being rendered.
    var variables: [ScriptVariable] = []
    /// A mount of `app:static` has no such file.
    var missingFile: MissingFile?

    struct MissingFile: Sendable {
        /// As the script wrote it.
        var directory: String
        /// Below the directory.
        var path: String
        /// "app.lua:12".
        var origin: String
    }
}

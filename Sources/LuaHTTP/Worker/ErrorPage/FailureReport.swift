// SPDX-License-Identifier: MIT

/// All that the author of an app wants to know of a request that failed: plain data, secrets hidden.
/// Does not know how it is shown; ``ErrorPage`` picks one of HTML, text and JSON.
struct FailureReport: Sendable {
    /// A line of source, how the program came there, and what it held there.
    struct Frame: Sendable {
        /// "app.lua:12", "todo/list.html:3:7".
        var place: String
        /// "in function 'look'", "included from here".
        var role: String
        var language: SourceHighlight.Language
        var excerpt: SourceExcerpt?
        /// Of the marked line: the characters to blame, from 0.
        var blamed: Range<Int>?
        var variables: [ScriptVariable] = []
        /// Not the author's own: a module from elsewhere.
        var isLibrary = false
        /// Opens the line in the author's editor.
        var link: String?
    }

    /// What the routes say of a request that none of them served.
    struct Routing: Sendable {
        struct Route: Sendable {
            var methods: String
            var path: String
            /// "app.lua:12".
            var origin: String
            var link: String?
            /// Why it did not serve the request; empty in the list of all.
            var reasons: [String] = []
        }

        var near: [Route] = []
        var all: [Route] = []
        /// Routes beyond those in `all`.
        var unlisted = 0
    }

    var status: Int
    /// What kind of failure: "Error in Lua".
    var label: String
    var message: String
    var hint: String?
    /// Of templates, the innermost first.
    var templates: [Frame] = []
    /// Of Lua, the innermost first.
    var calls: [Frame] = []
    /// Of the page that was rendered.
    var variables: [ScriptVariable] = []
    var request: RequestSummary?
    var routing: Routing?
    /// Message, excerpt and calls as in the log.
    var text: String

    /// Where it happened.
    var origin: Frame? { templates.first ?? calls.first }
}

// SPDX-License-Identifier: MIT

/// What is to be done about files that changed. Pure: compares snapshots, does nothing.
struct ReloadPlan: Equatable {
    enum Step: Equatable {
        case nothing
        /// The files are again as the generation in force found them.
        case mended
        /// Compile the templates and put them in the place of those in force.
        case templates
        /// Load everything.
        case everything
    }

    var step = Step.nothing
    /// Files of the app that differ from those in force.
    var changed: [String] = []
    /// Static files, by the paths of their URLs.
    var stylesheets: [String] = []
    var assets: [String] = []

    /// - Parameters:
    ///   - changes: from what is in force to now.
    ///   - sinceFailure: from the attempt that failed to now; nil when the last attempt did not.
    ///   - isForced: somebody asked for it.
    init(changes: FileChanges, sinceFailure: FileChanges?, isForced: Bool) {
        changed = changes.scripts + changes.templates
        stylesheets = changes.stylesheets
        assets = changes.assets
        if isForced {
            step = .everything
        } else if let sinceFailure {
            if !changes.concernsCode {
                step = .mended
            } else if sinceFailure.concernsCode {
                step = changes.scripts.isEmpty ? .templates : .everything
            }
        } else if !changes.scripts.isEmpty {
            step = .everything
        } else if !changes.templates.isEmpty {
            step = .templates
        }
    }
}

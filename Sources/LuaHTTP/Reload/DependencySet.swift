// SPDX-License-Identifier: MIT

/// The files that an app was made of: those it read, those it looked for in vain, and the directories in which
/// a new file counts. Pure; knows nothing of what is in them.
struct DependencySet: Sendable, Equatable {
    /// What a change of a file asks for.
    enum Role: Sendable, Equatable {
        /// Main script, modules, data, settings: loading everything again.
        case script
        /// Compiling templates again.
        case template
        /// A static file, by the path of its URL: showing pages again.
        case asset(url: String)
    }

    /// A directory with all below it.
    struct Tree: Sendable, Hashable {
        enum Kind: Sendable, Hashable {
            case data, templates
            /// Of `app:static`; `prefix` is the path of its URL, ending in a slash.
            case assets(prefix: String)
        }

        var path: String
        var kind: Kind
    }

    /// Whether they exist or not.
    private(set) var files: Set<String> = []
    private(set) var trees: Set<Tree> = []

    mutating func insert(file path: String) { files.insert(path) }
    mutating func insert(_ tree: Tree) { trees.insert(tree) }

    func union(_ other: Self) -> Self {
        var union = self
        union.files.formUnion(other.files)
        union.trees.formUnion(other.trees)
        return union
    }

    /// What is read when the app is loaded.
    var withoutAssets: Self {
        var set = self
        set.trees = trees.filter { if case .assets = $0.kind { false } else { true } }
        return set
    }

    /// What a change of `path`, which lies in `tree`, asks for.
    static func role(of path: String, in tree: Tree) -> Role {
        switch tree.kind {
        case .data: .script
        case .templates: .template
        case .assets(let prefix): .asset(url: prefix + path.dropFirst(tree.path.utf8.count + 1))
        }
    }
}

/// What differs between two moments, by what it asks for; each list is sorted.
struct FileChanges: Sendable, Equatable {
    var scripts: [String] = []
    var templates: [String] = []
    /// Paths of URLs.
    var stylesheets: [String] = []
    var assets: [String] = []

    var isEmpty: Bool { !concernsCode && stylesheets.isEmpty && assets.isEmpty }
    var concernsCode: Bool { !scripts.isEmpty || !templates.isEmpty }

    mutating func add(_ path: String, _ role: DependencySet.Role) {
        switch role {
        case .script: scripts.append(path)
        case .template: templates.append(path)
        case .asset(let url):
            if url.lowercased().hasSuffix(".css") { stylesheets.append(url) } else { assets.append(url) }
        }
    }
}

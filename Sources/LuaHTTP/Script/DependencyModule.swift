// SPDX-License-Identifier: MIT

/// What a script is made of, for reloading: files of Lua as they are loaded, and what `app:watch` names.
enum DependencyModule {
    /// depends(path)
    static func depends(_ record: DependencyRecord?) -> HostFunction {
        HostFunction("require") { stack throws(HostError) in
            if let path = stack.string(at: 1) { record?.add(file: path) }
            return .results(0)
        }
    }

    /// watch(path): a file, there or not, or a directory with all below it.
    static func watch(_ record: DependencyRecord?) -> HostFunction {
        HostFunction("app:watch") { stack throws(HostError) in
            guard let path = stack.string(at: 1) else { throw .message("app:watch expects a path") }
            // What is not there may become either.
            record?.add(file: path)
            record?.add(DependencySet.Tree(path: path, kind: .data))
            return .results(0)
        }
    }
}

// SPDX-License-Identifier: MIT

/// What `app:static(prefix, directory, options)` said of a directory; types were checked by the library.
struct StaticOptions: Equatable {
    /// As written: relative to the directory of the main script, or absolute.
    var directory: String
    /// Pattern → Cache-Control; the pattern is "*" where one value stands for all files.
    var cache: [(pattern: String, value: String)] = []
    /// Names of index files, the first that exists.
    var index = ["index.html"]
    /// A page that lists the directory where there is no index file.
    var hasListing = false
    /// Sends `a.css.br` and the like instead of `a.css` to those who take it.
    var isPrecompressed = true

    static func == (left: StaticOptions, right: StaticOptions) -> Bool {
        left.directory == right.directory && left.index == right.index && left.hasListing == right.hasListing
            && left.isPrecompressed == right.isPrecompressed && left.cache.elementsEqual(right.cache, by: ==)
    }

    init(directory: String) { self.directory = directory }

    /// Reads the table at `index`. [-0, +0]
    init(readingFrom stack: LuaStack, at position: Int32) {
        let table = stack.absolute(position)
        let top = stack.top
        defer { stack.top = top }
        directory = stack.stringField("directory", of: table) ?? "."
        if stack.getField("cache", of: table) == .table {
            stack.pushNil()
            while stack.next(in: -2) {
                if let pattern = stack.string(at: -2), let value = stack.string(at: -1) {
                    cache.append((pattern, value))
                }
                stack.pop()
            }
            cache.sort { $0.pattern < $1.pattern }
        } else if let value = stack.string(at: -1) {
            cache = [("*", value)]
        }
        switch stack.getField("index", of: table) {
        case .string: index = stack.string(at: -1).map { [$0] } ?? []
        case .table:
            index = []
            stack.forEachElement(of: -1) { if let name = stack.string(at: -1) { index.append(name) } }
        default: break
        }
        if stack.getField("listing", of: table) == .boolean { hasListing = stack.isTrue(at: -1) }
        if stack.getField("precompressed", of: table) == .boolean { isPrecompressed = stack.isTrue(at: -1) }
    }
}

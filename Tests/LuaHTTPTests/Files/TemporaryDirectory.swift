// SPDX-License-Identifier: MIT

import Foundation

/// A directory of its own for one test, removed with everything in it.
final class TemporaryDirectory {
    let path: String

    init() {
        var template = Array("\(NSTemporaryDirectory())/luahttp-test-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func makeDirectory(_ name: String) {
        precondition(mkdir("\(path)/\(name)", 0o755) == 0)
    }

    func write(_ name: String, _ text: String = "") {
        let file = fopen("\(path)/\(name)", "w")!
        precondition(fputs(text, file) >= 0)
        fclose(file)
    }

    func link(_ name: String, to target: String) {
        precondition(symlink(target, "\(path)/\(name)") == 0)
    }
}

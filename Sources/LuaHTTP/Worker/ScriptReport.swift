// SPDX-License-Identifier: MIT

/// A script error as its author reads it: message, the lines around it, the calls that led there.
struct ScriptReport {
    let text: String

    init(_ error: ScriptError) {
        var text = error.description
        if let file = error.file, let line = error.line,
            let excerpt = SourceExcerpt(file: file, line: line)
        {
            text += "\n\n" + excerpt.text
        }
        if error.frames.count > 1 || (error.frames.first.map { $0.line != error.line } ?? false) {
            text += "\n\nCalled from:"
            for frame in error.frames {
                text += "\n  \(frame.file):\(frame.line): in \(frame.function)"
                if frame.omitted > 0 { text += "\n  … \(frame.omitted) more of the same" }
            }
        }
        self.text = text
    }
}

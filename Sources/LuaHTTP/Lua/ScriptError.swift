// SPDX-License-Identifier: MIT

internal import CLua

/// What went wrong in a script, for its author: message, place, calls that led there.
///
/// A value that may cross threads. It does not know how it is shown.
struct ScriptError: Error, Sendable, Equatable {
    /// One call on the stack, innermost first.
    struct Frame: Sendable, Equatable {
        var file: String
        var line: Int
        var function: String
        /// Local variables; only where they were asked for.
        var variables: [ScriptVariable] = []
    }

    enum Kind: Sendable, Equatable { case runtime, syntax, memory, time }

    var kind: Kind = .runtime
    /// Without the place.
    var message: String
    var file: String?
    var line: Int?
    var frames: [Frame] = []

    /// "app.lua:12: message", or the message alone.
    var description: String {
        guard let file, let line else { return message }
        return "\(file):\(line): \(message)"
    }
}

extension ScriptError {
    /// A message about where a thread is now.
    init(_ message: String, at stack: LuaStack) {
        self.init(message: message)
        frames = Self.frames(of: stack, withVariables: false)
        if let frame = frames.first(where: { $0.line > 0 }) { (file, line) = (frame.file, frame.line) }
    }

    /// Reads the error value on top of a thread that failed, and the frames still on it. [-1, +0]
    ///
    /// - Parameters:
    ///   - status: what running it returned.
    ///   - withVariables: also the local variables of the calls, for the development page.
    init(takingFrom stack: LuaStack, status: LuaStatus, withVariables: Bool = false) {
        guard status != .timeError else {
            // Local variables would be pushed onto a stack that must stay as it is.
            self.init(
                kind: .time, message: Self.outOfTime, frames: Self.frames(of: stack, withVariables: false))
            splitPlace()
            return
        }
        guard let text = Self.text(of: stack) else {
            self.init(
                kind: .time, message: Self.outOfTime, frames: Self.frames(of: stack, withVariables: false))
            stack.pop()
            splitPlace()
            return
        }
        self.init(message: text)
        stack.pop()
        switch status {
        case .memoryError:
            kind = .memory
            message =
                "not enough memory (limits = { memory = … } is for each request, vm_memory for all of a worker)"
        case .syntaxError: kind = .syntax
        default: kind = .runtime
        }
        frames = Self.frames(of: stack, withVariables: withVariables)
        takeMessageOfModule()
        splitPlace()
    }

    private static let outOfTime =
        "ran too long without waiting (limits = { cpu = … } bounds the processor time between two waits)"

    /// "app.lua:2: error loading module 'views' from file './views.lua':\n\t./views.lua:2: text" is about line 2 of
    /// views.lua.
    private mutating func takeMessageOfModule() {
        let parts = message.split(separator: "'", maxSplits: 4, omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].hasSuffix("error loading module "), parts[2] == " from file ",
            parts[4].hasPrefix(":\n\t")
        else { return }
        message = String(parts[4].dropFirst(3))
    }

    /// The error value as text; metamethods of the script run protected. Nil when one had to be ended.
    private static func text(of stack: LuaStack) -> String? {
        if let text = stack.string(at: -1) { return text }
        guard stack.reserve(6) else { return "error object is a \(stack.type(at: -1).name) value" }
        if stack.type(at: -1) == .nil { return "error object is nil (error() was called without a message)" }
        // Without a __tostring of its own a table says only where it is in memory.
        guard stack.type(at: -1) == .number || stack.hasOwnDescription(at: -1) else {
            return "error object is a \(stack.type(at: -1).name) value"
        }
        let status = stack.pushDescription(of: -1)
        defer { stack.pop() }
        switch status {
        case .ok: return stack.string(at: -1) ?? "?"
        case .timeError: return nil
        default: return "error object whose __tostring failed"
        }
    }

    /// "app.lua:12: text" → file, line and text.
    private mutating func splitPlace() {
        let parts = message.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let number = Int(parts[1]), number > 0, !parts[0].isEmpty,
            !parts[0].contains("\n"), parts[2].first == " "
        else {
            // No place in the message: that of the innermost frame of the script.
            guard let frame = frames.first(where: { $0.line > 0 }) else { return }
            (file, line) = (frame.file, frame.line)
            return
        }
        (file, line) = (String(parts[0]), number)
        message = String(parts[2].dropFirst())
    }

    /// Calls still on the thread, without those of C and of our own library; at most 50.
    static func frames(of stack: LuaStack, withVariables: Bool) -> [Frame] {
        // One that the watchdog ended in a coroutine of the script has its innermost calls there.
        var states = [stack.state]
        while let inner = lh_inner(states[states.count - 1]) { states.append(inner) }
        var frames: [Frame] = []
        for state in states.reversed() {
            appendFrames(of: LuaStack(state: state), withVariables, to: &frames)
        }
        return frames
    }

    private static func appendFrames(
        of stack: LuaStack, _ withVariables: Bool, to frames: inout [Frame]
    ) {
        var info = lh_frame_info()
        var level: Int32 = 0
        // Lua walks from the top to find a level, so a deep recursion in C or in the library must end this.
        while frames.count < 50, level < 250, lh_frame(stack.state, level, &info) {
            level += 1
            guard let source = info.source, info.source_length > 0 else { continue }
            // Only "@file": not C, not the library ("=luahttpd/…").
            guard source[0] == CChar(UInt8(ascii: "@")) else { continue }
            let file = String(cString: source + 1)
            var frame = Frame(file: file, line: Int(info.line), function: name(of: info))
            if withVariables, frames.count < mostWithVariables {
                frame.variables = variables(of: stack, level: level - 1)
            }
            frames.append(frame)
        }
    }

    private static let mostWithVariables = 12
    private static let mostVariables = 30

    /// Local variables in the order of their declaration; of two with one name the inner one, which is in sight.
    private static func variables(of stack: LuaStack, level: Int32) -> [ScriptVariable] {
        guard stack.reserve(8) else { return [] }
        var variables: [ScriptVariable] = []
        var number: Int32 = 0
        while variables.count < mostVariables, number < 200 {
            number += 1
            guard let bytes = lh_local(stack.state, level, number) else { break }
            defer { stack.pop() }
            let name = String(cString: bytes)
            guard !name.hasPrefix("("), name != "_" else { continue }
            variables.removeAll { $0.name == name }
            variables.append(
                ScriptVariable(name: name, value: ValuePreview.text(of: -1, named: name, on: stack)))
        }
        return variables
    }

    private static func name(of info: lh_frame_info) -> String {
        if let name = info.name {
            let what = info.name_what.map { String(cString: $0) } ?? ""
            return (what.isEmpty ? "function" : what) + " '\(String(cString: name))'"
        }
        if let what = info.what, String(cString: what) == "main" { return "main chunk" }
        return "function at line \(info.line_defined)"
    }
}

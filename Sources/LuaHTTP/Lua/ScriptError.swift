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
        /// Calls after this one that are not listed: a recursion's.
        var omitted = 0
    }

    enum Kind: Sendable, Equatable { case runtime, syntax, memory, time }

    /// Where the place is from.
    enum Origin: Sendable, Equatable {
        case message
        /// The innermost call: the message names no place.
        case call
        /// …but a tail call before it left no trace of the one that is meant.
        case otherCall
    }

    var kind: Kind = .runtime
    /// Without the place.
    var message: String
    var file: String?
    var line: Int?
    var frames: [Frame] = []
    var origin = Origin.message

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
            self.init(outOfTimeOn: stack)
            return
        }
        guard let text = Self.text(of: stack) else {
            self.init(outOfTimeOn: stack)
            stack.pop()
            return
        }
        self.init(message: text)
        stack.pop()
        switch status {
        case .memoryError where Self.isDeep(stack):
            // More memory would only make it deeper.
            message = "stack overflow (endless recursion?)"
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
        if origin == .call, Self.hasLostCaller(stack) { origin = .otherCall }
    }

    /// Ended by the watchdog. Its innermost calls may be gone, if `pcall` or `require` was among them; the place is
    /// known. Local variables would be pushed onto a stack that must stay as it is.
    private init(outOfTimeOn stack: LuaStack) {
        self.init(
            kind: .time,
            message:
                "ran too long without waiting (limits = { cpu = … } bounds the processor time between two waits)",
            frames: Self.frames(of: stack, withVariables: false))
        if let place = Self.stopped(stack),
            frames.first.map({ $0.file != place.file || $0.line != place.line }) ?? true
        {
            frames.insert(place, at: 0)
        }
        splitPlace()
    }

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
            return plainText(of: stack)
        }
        let status = stack.pushDescription(of: -1)
        defer { stack.pop() }
        switch status {
        case .ok: return stack.string(at: -1) ?? "?"
        case .timeError: return nil
        default: return "error object whose __tostring failed"
        }
    }

    /// A table: its `message`, or what is in it.
    private static func plainText(of stack: LuaStack) -> String {
        let text = "error object is a \(stack.type(at: -1).name) value"
        guard stack.type(at: -1) == .table else { return text }
        if let message = stack.stringField("message", of: stack.absolute(-1)), !message.isEmpty {
            return message
        }
        let content = ValuePreview.text(of: -1, named: "", on: stack)
        guard content != "{}" else { return text }
        return content.count > 200 ? "\(text): \(content.prefix(200))…" : "\(text): \(content)"
    }

    /// "app.lua:12: text" → file, line and text.
    private mutating func splitPlace() {
        let parts = message.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let number = Int(parts[1]), number > 0, !parts[0].isEmpty,
            !parts[0].contains("\n"), parts[2].first == " "
        else {
            // No place in the message: that of the innermost frame of the script.
            origin = .call
            guard let frame = frames.first(where: { $0.line > 0 }) else { return }
            (file, line) = (frame.file, frame.line)
            return
        }
        (file, line) = (String(parts[0]), number)
        message = String(parts[2].dropFirst())
    }
}

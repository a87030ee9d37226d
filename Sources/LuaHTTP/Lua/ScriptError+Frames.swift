// SPDX-License-Identifier: MIT

internal import CLua

/// The calls on a thread, innermost first; of a recursion only where it begins and where it ends.
extension ScriptError {
    /// Calls still on the thread, without those of C and of our own library; about 50 at most.
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
        let first = frames.count
        var level: Int32 = 0
        // Lua walks from the top to find a level, so a deep recursion in C or in the library must end this.
        while frames.count < most, level < deepest {
            guard append(level, of: stack, withVariables, to: &frames, since: first) else { return }
            level += 1
        }
        let depth = depth(of: stack.state, atLeast: level)
        let last = max(level, depth - bottom)
        if frames.count > first { frames[frames.count - 1].omitted += Int(last - level) }
        for level in last..<max(last, depth) {
            guard append(level, of: stack, false, to: &frames, since: first) else { return }
        }
    }

    /// False past the last level.
    private static func append(
        _ level: Int32, of stack: LuaStack, _ withVariables: Bool, to frames: inout [Frame], since first: Int
    ) -> Bool {
        var info = lh_frame_info()
        guard lh_frame(stack.state, level, &info) else { return false }
        // Only "@file": not C, not the library ("=luahttpd/…").
        guard let source = info.source, info.source_length > 0, source[0] == CChar(UInt8(ascii: "@")) else {
            return true
        }
        let file = String(cString: source + 1)
        var frame = Frame(file: file, line: Int(info.line), function: name(of: info))
        if withVariables, frames.count < mostWithVariables {
            frame.variables = variables(of: stack, level: level)
        }
        frames.append(frame)
        fold(&frames, since: first)
        return true
    }

    private static let most = 50
    private static let deepest: Int32 = 250
    /// Of a deeper stack these lowest levels are shown, which led to it.
    private static let bottom: Int32 = 20
    /// A recursion is shown this far.
    private static let unfolded = 10

    /// Takes away the last calls when they are the same as those before them: f, f or f, g, f, g.
    private static func fold(_ frames: inout [Frame], since first: Int) {
        guard frames.count - first > unfolded else { return }
        for period in 1...4 {
            let again = frames[(frames.count - period)...]
            let before = frames[(frames.count - 2 * period)..<(frames.count - period)]
            let isSame = zip(again, before).allSatisfy {
                $0.line == $1.line && $0.file == $1.file && $0.function == $1.function
            }
            guard isSame else { continue }
            let omitted = again.reduce(period) { $0 + $1.omitted }
            frames.removeLast(period)
            frames[frames.count - 1].omitted += omitted
            return
        }
    }

    /// Levels of a stack, of which `least` are known: by halves, for each look is a walk.
    private static func depth(of state: OpaquePointer, atLeast least: Int32) -> Int32 {
        var info = lh_frame_info()
        var (low, high) = (least, max(1, least))
        // Lua ends at a million slots.
        while high < 1 << 21, lh_frame(state, high, &info) { (low, high) = (high + 1, high * 2) }
        while low < high {
            let middle = low + (high - low) / 2
            if lh_frame(state, middle, &info) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The function of the script that called our library did so by a tail call, and is not on the stack any more.
    static func hasLostCaller(_ stack: LuaStack) -> Bool {
        var info = lh_frame_info()
        var level: Int32 = 0
        while level < 32, lh_frame(stack.state, level, &info) {
            if let source = info.source, source[0] == CChar(UInt8(ascii: "@")), info.line > 0 { return false }
            if info.is_tail_call { return true }
            level += 1
        }
        return false
    }

    /// Where the watchdog ended it.
    static func stopped(_ stack: LuaStack) -> Frame? {
        var info = lh_frame_info()
        guard lh_stopped(lh_vm_of(stack.state), &info), let source = info.source else { return nil }
        return Frame(file: String(cString: source + 1), line: Int(info.line), function: name(of: info))
    }

    /// Memory ran out where only a recursion without an end gets.
    static func isDeep(_ stack: LuaStack) -> Bool {
        var info = lh_frame_info()
        return lh_frame(stack.state, 5_000, &info)
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

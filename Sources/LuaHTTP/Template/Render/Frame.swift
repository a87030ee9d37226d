// SPDX-License-Identifier: MIT

/// One unit in execution: a page, an included template, a block, a macro, a loop that was entered again.
/// Plain data; frames lie in an array of the machine, so that rendering never recurses and can stop anywhere.
struct Frame {
    enum Kind: UInt8 { case page, include, module, block, macro, recursion }

    var kind: Kind
    /// Whether text is HTML that needs escaping, at this moment.
    var escapes: Bool
    /// The frame prints nothing itself: its output is set aside and becomes a value.
    var captures = false
    /// The table of names in register 0 is the frame's own.
    var ownsContext = false
    /// An `extends` has run: the rest of the template only assigns.
    var discards = false
    var template: Int32
    var unit: Int32
    /// Next instruction while another frame runs on top of this one.
    var pc = 0
    /// Index of register 0.
    var base: Int
    /// `top` of the machine without this frame.
    var floor: Int
    /// Where the result goes, an index of the machine; -1 when it is printed.
    var result = -1
    var loopFloor: Int
    var captureFloor: Int
    /// Template that this one extends, -1 for none.
    var parent: Int32 = -1
    /// The page's templates from the child up, a range of the machine's `lineage`.
    var lineageStart: Int
    /// Blocks: which one, and how far up the lineage it was found.
    var block: UInt16 = 0
    var level = 0
    /// Recursion: where the loop begins, how deep it is, and how many loops around it were taken along.
    var entry = -1
    var depth: Int32 = 0
    var outerLoops = 0
}

/// One loop in execution.
struct LoopState {
    enum Kind: UInt8 { case list, map, range, string, function }

    var kind: Kind
    /// Index of the sequence; the keys of a map are in the one after it, what `changed` saw in the next.
    var sequence: Int
    var position: Int64 = 0
    var count: Int64
    /// Range: first value and step. String: byte offset in `start`.
    var start: Int64 = 0
    var step: Int64 = 1
    var depth: Int32 = 0
    /// Of a function: where to go when its first call gives nothing.
    var otherwise = 0
    /// Where the loop begins, once it has been turned into a value that can be called.
    var entry = -1
    /// Of a function: whether the item after this one was asked for already. It lies in the place of the keys.
    var ahead = Ahead.unknown

    enum Ahead: UInt8 { case unknown, item, end }
}

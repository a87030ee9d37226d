// SPDX-License-Identifier: MIT

/// One step of a compiled template: eight bytes, plain data. Registers `a`, `b`, `c` are relative to the
/// frame. What each opcode does is written beside it; how is the renderer's business.
struct Instruction: Sendable {
    var opcode: Opcode
    var flags: UInt8 = 0
    var a: UInt16 = 0
    var b: UInt16 = 0
    var c: UInt16 = 0

    /// `b` and `c` as one number: an index into a table, or the signed distance of a jump.
    var wide: UInt32 {
        get { UInt32(b) | UInt32(c) << 16 }
        set {
            b = UInt16(truncatingIfNeeded: newValue)
            c = UInt16(truncatingIfNeeded: newValue >> 16)
        }
    }

    var distance: Int { Int(Int32(bitPattern: wide)) }
}

extension Instruction {
    init(_ opcode: Opcode, flags: UInt8 = 0, a: Int = 0, wide: Int) {
        self.init(opcode: opcode, flags: flags, a: UInt16(truncatingIfNeeded: a))
        self.wide = UInt32(truncatingIfNeeded: wide)
    }

    init(_ opcode: Opcode, flags: UInt8 = 0, a: Int = 0, b: Int = 0, c: Int = 0) {
        self.init(
            opcode: opcode, flags: flags, a: UInt16(truncatingIfNeeded: a), b: UInt16(truncatingIfNeeded: b),
            c: UInt16(truncatingIfNeeded: c))
    }

    /// Flags of `call` and its relatives.
    enum CallFlag {
        /// The result is printed by the next instruction; a macro prints itself and skips it.
        static let emits: UInt8 = 1
        /// A map of keyword arguments follows the positional ones.
        static let hasKeywords: UInt8 = 2
        /// The only positional argument is a list of all of them.
        static let spreads: UInt8 = 4
        /// The method was named by a filter's argument: an error says its name, not the expression.
        static let isNamed: UInt8 = 8
    }
}

/// `R[x]` is a register, `K[x]` a name of the set, `S[x]` a string and `C[x]` a number of the template.
enum Opcode: UInt8, Sendable {
    // Values
    case loadUndefined  // R[a] = undefined
    case loadMissing  // R[a] = argument that was not given
    case loadNone  // R[a] = none
    case loadBoolean  // R[a] = b != 0
    case loadInteger  // R[a] = distance
    case loadConstant  // R[a] = C[wide]
    case loadString  // R[a] = S[wide]
    case move  // R[a] = R[b]
    case name  // R[a] = variable K[wide] of the context
    case field  // R[a] = R[b].K[c]
    case index  // R[a] = R[b][R[c]]
    case slice  // R[a] = R[b][R[c]:R[c+1]:R[c+2]]
    case list  // R[a] = list with room for wide items
    case append  // R[a].append(R[b])
    case map  // R[a] = map with room for wide entries
    case put  // R[a][R[b]] = R[c]

    // Operators
    case add, subtract, multiply, divide, floorDivide, modulo, power  // R[a] = R[b] op R[c]
    case negate, identity, not  // R[a] = op R[b]
    case concatenate  // R[a] = R[b] ~ … c values
    case equal, notEqual, less, lessEqual, greater, greaterEqual, isIn, isNotIn  // R[a] = R[b] op R[c]

    // Jumps, relative to this instruction
    case jump
    case jumpIfFalse, jumpIfTrue  // tests R[a]
    case jumpIfGiven  // R[a] is not a missing argument

    // Output
    case text  // a bytes of the literals from wide on
    case emit  // prints R[a]
    case emitName  // prints K[wide] of the context
    case emitField  // prints R[b].K[c]
    case capture  // output goes aside …
    case endCapture  // … and becomes the string R[a], safe when the frame escapes
    case dropCaptures  // the last b texts that are set aside are forgotten
    case flush
    case debug

    // Filters, tests, calls
    case filter  // R[a] = filter b of R[a] and c - 1 arguments after it; flags 1: the last one is a map
    case test  // R[a] = test b likewise; flags 2: negated
    case scriptFilter, scriptTest  // likewise, by the name K[b], in Lua
    case call  // R[a] = R[a](b arguments after it); CallFlag
    case callMethod  // R[a] = R[a].K[c](b arguments after it)

    // Loops
    case beginLoop  // over R[a]; jumps past the loop when there is nothing; flags 1: may be entered again
    case nextItem  // R[a] = next item, or jump; flags 2: two targets, R[a] and R[a+1];
    // flags 4: what two targets would get, as one list; R[a+1] and R[a+2] are for the work
    case endLoop  // leaves the innermost loop early
    case unpack  // R[b], … c registers = items of R[a]
    case loopField  // R[a] = field c (LoopField) of the loop b levels out
    case loopCycle, loopChanged  // R[a] = method of loop b, c arguments after R[a]; flags 1: the last is a list
    case loopObject  // R[a] = loop b levels out, as a value; it begins c instructions back, 0: not recursive
    case recurse  // R[a] = the loop at the distance, over R[a]; CallFlag.emits, flags >> 3: levels out
    case endRecursion  // end of the loop that begins at the distance, which may have been entered again

    // Assignment
    case export  // context's K[wide] = R[a]
    case setField  // R[a].K[c] = R[b]; only namespaces
    case scope  // R[a] = new names on top of the context
    case scopeSet  // names R[a].K[c] = R[b]

    // Macros and blocks
    case macro  // R[a] = macro of unit wide
    case block  // runs block K[wide] in the context R[a]
    case superBlock  // R[a] = block b levels up; CallFlag.emits
    case selfBlock  // R[a] = block K[wide]; CallFlag.emits
    case requiredBlock  // fails: block K[wide] must be overridden

    // Other templates: b = template, or R[b] with flags 1; R[c] names the context, 0 for this frame's;
    // flags 2: a missing template is no error, flags 4: without context
    case include
    case importModule  // R[a] = module
    case extends

    case autoescape  // R[b] = escaping so far; escaping = R[a]
    case restoreEscape  // escaping = R[a]
    case end  // of the unit
}

/// What `loop.x` can be, in the order that `loopField` knows.
enum LoopField: UInt16, CaseIterable, Sendable {
    case index, index0, revindex, revindex0, first, last, length, depth, depth0, previtem, nextitem
}

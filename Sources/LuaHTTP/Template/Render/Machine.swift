// SPDX-License-Identifier: MIT

internal import CLua

/// The machine that runs bytecode: values, frames, loops and output of one page. Knows Lua's stack and
/// nothing of requests. It never recurses and never runs a script's function itself, so it can stop between
/// any two instructions.
struct Machine: ~Copyable {
    /// Why the loop stopped. `call`: a function and that many arguments are on the Lua stack.
    enum Stop {
        case done, slice, yielded
        case call(Int32)
    }

    var lua: OpaquePointer
    var set: TemplateSet
    /// The set's own table, so that the loop counts no references.
    var images: UnsafePointer<TemplateImage>
    /// Slot of the variables; index i of the machine is slot origin + i.
    var origin: Int32 = 0

    var values = GrowableArray<Value>(capacity: 128)
    /// First index that is free; the Lua stack always ends there.
    var top = 0
    var frames = GrowableArray<Frame>(capacity: 16)
    var loops = GrowableArray<LoopState>(capacity: 16)
    var lineage = GrowableArray<Int32>(capacity: 16)

    /// Where text goes now: the page, or what is set aside while `captures` is not empty.
    var output = ByteStorage(capacity: 20 << 10)
    var aside = ByteStorage(capacity: 256)
    var captures = GrowableArray<Int>(capacity: 16)
    /// Size of `output` at which somebody must look at it.
    var outputLimit = Self.sliceSize
    /// Of the page itself, without a text that is set aside.
    var pageLimit = Self.sliceSize
    /// Bytes at which the text of a value is long enough for an error.
    var textLimit = Int.max
    /// For filters and text forms; never alive across instructions.
    var scratch = ByteStorage(capacity: 256)

    var pc = 0
    var fuel = Self.fuelSlice
    var stepsLeft = 0
    /// Microseconds of processor time, counted from the first slice that used up its fuel.
    var cpuLimit = UInt64.max
    var cpuSpent: UInt64 = 0
    /// When the slice began; 0 while the page has not been found long.
    var cpuSince: UInt64 = 0
    var bytesWritten = 0
    /// A function of a script was called: the index for its result, and the frame goes on.
    var pendingResult = -1
    /// … and it was a test: 2 when negated.
    var pendingTest: UInt8 = 0
    /// … and this many arguments lie behind the place of the result.
    var pendingArguments = 0
    /// The call was for an instruction that runs again.
    var pendingInterrupt: RenderFault.Interrupt?
    /// The call was for the next item of a loop.
    var pendingIteration = false
    /// The page's template, until its frame is there.
    var pendingPage: Int32 = -1
    /// Only this block of the page is wanted: its name's number.
    var fragment = -1

    static var sliceSize: Int { 16 << 10 }
    static var fuelSlice: Int { 20_000 }
    static var maximumDepth: Int { 100 }

    init(set: TemplateSet) {
        // SAFETY: never used: `start` sets the real one first.
        lua = OpaquePointer(bitPattern: 8).unsafelyUnwrapped
        self.set = set
        images = set.images
    }

    // MARK: Values and slots

    @inline(__always)
    func slot(_ index: Int) -> Int32 { origin &+ Int32(truncatingIfNeeded: index) }

    /// Copies a value and, if it has one, its slot.
    @inline(__always)
    func copy(_ from: Int, _ to: Int) {
        let value = values[from]
        values[to] = value
        if value.needsSlot, !value.isExternal { lht_copy(lua, slot(from), slot(to)) }
    }

    /// Room for `count` more values; they are undefined.
    mutating func reserve(_ count: Int) throws(RenderFault) -> Int {
        let first = top
        // SAFETY of the Lua stack: 40 more for the calls made on top of it.
        guard lh_reserve(lua, Int32(truncatingIfNeeded: count + 40)) else {
            throw RenderFault("too many values at once", kind: .limit)
        }
        top += count
        values.reserve(top)
        (values.base + first).update(repeating: .undefined, count: count)
        lh_set_top(lua, slot(top) - 1)
        return first
    }

    mutating func release(to index: Int) {
        top = index
        lh_set_top(lua, slot(top) - 1)
    }

    mutating func setString(_ index: Int, _ bytes: UnsafeRawBufferPointer, safe: Bool = false)
        throws(RenderFault)
    {
        guard bytes.count <= 256 << 20 else { throw RenderFault("string is too long", kind: .limit) }
        try work(bytes.count &>> 6)
        // SAFETY: an empty buffer may have no address.
        lht_string(
            lua, slot(index), bytes.baseAddress ?? UnsafeRawPointer(scratch.base), bytes.count,
            &values.base[index])
        values.base[index].isSafe = safe
    }

    /// What was written to the scratch buffer becomes a string.
    mutating func setScratch(_ index: Int, from mark: Int = 0, safe: Bool = false) throws(RenderFault) {
        try setString(index, UnsafeRawBufferPointer(rebasing: scratch.bytes[mark...]), safe: safe)
        scratch.count = mark
    }

    mutating func setTable(_ index: Int, _ kind: TableKind, items: Int = 0, entries: Int = 0) {
        lht_table(
            lua, slot(index), Int32(kind.rawValue), Int32(clamping: min(items, 1 << 16)),
            Int32(clamping: min(entries, 1 << 16)), &values.base[index])
    }

    /// Adds to a list that is being built.
    func setItem(_ list: Int, _ position: Int64, _ item: Int) {
        lht_set_item(lua, slot(list), position, &values.base[item], slot(item))
    }

    mutating func item(_ list: Int, _ position: Int64, to index: Int) {
        fuel &-= 1
        lht_item(lua, slot(list), position, slot(index), &values.base[index])
        // The result of a task that was waited for; others stay tasks until they are used.
        if values[index].type == .awaitable {
            _ = lht_result(lua, origin + Int32(LHT_RESULTS), slot(index), &values.base[index])
        }
    }

    // MARK: Where we are

    var frame: Frame {
        get { frames.last }
        nonmutating _modify { yield &frames.last }
    }

    func template(_ number: Int32) -> CompiledTemplate? { set.templates[Int(number)] }

    var escapes: Bool { frames.last.escapes }
}

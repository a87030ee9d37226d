// SPDX-License-Identifier: MIT

/// What `app:config { … }` set. Names and types are checked by the library; values and ranges here.
struct ScriptSettings: Sendable, Equatable {
    var host: String?
    var port: Int?
    var workers: Int?
    var templates: String?
    var logLevel: String?
    var accessLog: Bool?
    var undefined: String?
    /// Bytes.
    var bodyLimit: Int?
    var memoryLimit: Int?
    var headLimit: Int?
    var targetLimit: Int?
    var fieldCountLimit: Int?

    init() {}

    /// Reads the table at `index`. [-0, +0]
    init(readingFrom stack: LuaStack, at index: Int32) throws(ScriptError) {
        let table = stack.absolute(index)
        guard stack.type(at: table) == .table else { return }
        let top = stack.top
        defer { stack.top = top }
        host = stack.stringField("host", of: table)
        templates = stack.stringField("templates", of: table)
        logLevel = stack.stringField("log_level", of: table)
        undefined = stack.stringField("undefined", of: table)
        port = try Self.integer("port", 0...65535, stack, table)
        workers = try Self.integer("workers", 1...1024, stack, table)
        if stack.getField("access_log", of: table) == .boolean { accessLog = stack.isTrue(at: -1) }
        if let undefined, !["lenient", "strict", "chainable"].contains(undefined) {
            throw ScriptError(
                message: "app:config: undefined = \"\(undefined)\": must be lenient, strict or chainable")
        }
        if let logLevel, !["debug", "info", "warn", "error"].contains(logLevel) {
            throw ScriptError(
                message: "app:config: log_level = \"\(logLevel)\": must be debug, info, warn or error")
        }
        guard stack.getField("limits", of: table) == .table else { return }
        let limits = stack.absolute(-1)
        bodyLimit = try Self.size("body", stack, limits)
        memoryLimit = try Self.size("memory", stack, limits)
        // A head is kept whole, in memory that every connection can ask for.
        headLimit = try Self.size("head", most: 16 << 20, stack, limits)
        targetLimit = try Self.size("target", most: 16 << 20, stack, limits)
        fieldCountLimit = try Self.integer("fields", 1...65535, stack, limits, prefix: "limits.")
    }

    private static func integer(
        _ name: StaticString, _ range: ClosedRange<Int64>, _ stack: LuaStack, _ table: Int32,
        prefix: String = ""
    ) throws(ScriptError) -> Int? {
        guard stack.getField(name, of: table) != .nil else { return nil }
        guard let value = stack.integer(at: -1), range.contains(value) else {
            throw ScriptError(
                message:
                    "app:config: \(prefix)\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return Int(clamping: value)
    }

    private static func size(
        _ name: StaticString, most: Int = 1 << 40, _ stack: LuaStack, _ table: Int32
    ) throws(ScriptError) -> Int? {
        guard stack.getField(name, of: table) != .nil else { return nil }
        guard let bytes = ByteSize.parse(stack, at: -1) else {
            throw ScriptError(
                message: "app:config: limits.\(name) must be a number of bytes or a size such as \"8MiB\"")
        }
        guard bytes <= most else {
            throw ScriptError(message: "app:config: limits.\(name) must be at most \(most >> 20) MiB")
        }
        return bytes
    }
}

/// Sizes as authors write them: 1024, "64KiB", "8MiB", "1GiB" (and k, M, G for powers of ten).
enum ByteSize {
    /// Bytes, or nil when it is not a size from 1 to 2^40.
    static func parse(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits) else { return nil }
        let unit: Int
        switch text.dropFirst(digits.count).drop(while: { $0 == " " }).lowercased() {
        case "", "b": unit = 1
        case "k", "kb": unit = 1000
        case "kib": unit = 1 << 10
        case "m", "mb": unit = 1_000_000
        case "mib": unit = 1 << 20
        case "g", "gb": unit = 1_000_000_000
        case "gib": unit = 1 << 30
        default: return nil
        }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: unit)
        return overflow || bytes < 1 || bytes > 1 << 40 ? nil : bytes
    }

    /// The size at `index` of a stack: an integer or a string.
    static func parse(_ stack: LuaStack, at index: Int32) -> Int? {
        if let bytes = stack.integer(at: index) { return bytes >= 1 && bytes <= 1 << 40 ? Int(bytes) : nil }
        return stack.string(at: index).flatMap(parse)
    }
}

// SPDX-License-Identifier: MIT

/// Functions of the host program that its scripts may call.
///
/// ```swift
/// var functions = ScriptFunctions()
/// try functions.define("geo.lookup") { (ip: String) async throws -> String? in
///     try await database.country(of: ip)
/// }
/// let server = try await Server.start(options, functions: functions, logger: logger)
/// ```
///
/// In Lua it is `require("geo").lookup(ip)`. An `async` function waits as `app.sleep` does, without holding
/// other requests up, and its task is cancelled when the request ends. One that is not `async` runs on the event
/// loop: it must be quick.
public struct ScriptFunctions: Sendable {
    enum Body: Sendable {
        case immediate(@Sendable ([LuaValue]) throws -> LuaValue)
        case waiting(@Sendable ([LuaValue]) async throws -> LuaValue)
    }

    /// Module → name → what it does.
    private(set) var modules: [String: [String: Body]] = [:]

    public init() {}

    /// A name that no function can have.
    public struct NameError: Error, CustomStringConvertible {
        public let description: String
    }

    // MARK: Definitions

    /// Lets scripts call `body`.
    ///
    /// - Parameters:
    ///   - name: "module.function": `require "module"` gives scripts the table that the function is in.
    ///   - body: what it does; runs on an event loop and must not block. What it throws is raised in
    ///     the script, but ``ScriptFailure``, which makes it return nil and a message.
    /// - Throws: ``NameError`` for a name that no function can have, or that one has already.
    public mutating func define<each Argument: LuaConvertible, Result: LuaConvertible>(
        _ name: String, _ body: @escaping @Sendable (repeat each Argument) throws -> Result
    ) throws {
        try add(
            name,
            .immediate { values in
                var arguments = Arguments(values)
                return try body(repeat try arguments.next((each Argument).self)).luaValue
            })
    }

    /// The same for what returns nothing.
    public mutating func define<each Argument: LuaConvertible>(
        _ name: String, _ body: @escaping @Sendable (repeat each Argument) throws -> Void
    ) throws {
        try add(
            name,
            .immediate { values in
                var arguments = Arguments(values)
                try body(repeat try arguments.next((each Argument).self))
                return .nil
            })
    }

    /// Lets scripts call `body`, which may take its time: only the request that calls it waits.
    ///
    /// - Parameters:
    ///   - name: as above.
    ///   - body: what it does; its task is cancelled when the request ends.
    /// - Throws: ``NameError`` for a name that no function can have, or that one has already.
    public mutating func define<each Argument: LuaConvertible, Result: LuaConvertible>(
        _ name: String, _ body: @escaping @Sendable (repeat each Argument) async throws -> Result
    ) throws {
        try add(
            name,
            .waiting { values in
                var arguments = Arguments(values)
                return try await body(repeat try arguments.next((each Argument).self)).luaValue
            })
    }

    /// The same for what returns nothing.
    public mutating func define<each Argument: LuaConvertible>(
        _ name: String, _ body: @escaping @Sendable (repeat each Argument) async throws -> Void
    ) throws {
        try add(
            name,
            .waiting { values in
                var arguments = Arguments(values)
                try await body(repeat try arguments.next((each Argument).self))
                return .nil
            })
    }

    private mutating func add(_ name: String, _ body: Body) throws(NameError) {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 2, parts.allSatisfy(Self.isName) else {
            throw NameError(
                description:
                    "\"\(name)\": the name of a function is that of a module and its own, as in \"geo.lookup\""
            )
        }
        let module = parts.dropLast().joined(separator: ".")
        guard parts[0] != "luahttpd", !Self.modulesOfLua.contains(module) else {
            throw NameError(description: "\"\(name)\": the module \(module) is not yours to define")
        }
        let function = String(parts[parts.count - 1])
        guard modules[module]?[function] == nil else {
            throw NameError(description: "\"\(name)\" is already defined")
        }
        modules[module, default: [:]][function] = body
    }

    private static let modulesOfLua: Set<String> = [
        "_G", "coroutine", "debug", "io", "math", "os", "package", "string", "table", "utf8",
    ]

    private static func isName(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) || $0 == 0x5F
        }
    }

    /// Takes one argument after the other.
    private struct Arguments {
        private let values: [LuaValue]
        private var number = 0

        init(_ values: [LuaValue]) { self.values = values }

        mutating func next<Value: LuaConvertible>(_ type: Value.Type) throws(ArgumentError) -> Value {
            let value = number < values.count ? values[number] : .nil
            number += 1
            do throws(LuaConversionError) {
                return try Value(luaValue: value)
            } catch {
                throw ArgumentError(number: number, reason: error)
            }
        }
    }

    struct ArgumentError: Error {
        let number: Int
        let reason: LuaConversionError
    }
}

/// Thrown by a function for scripts to return nil and a message, as functions of Lua do for what is to be
/// expected. Any other error is raised in the script.
public struct ScriptFailure: Error {
    public let message: String

    public init(_ message: String) { self.message = message }
}

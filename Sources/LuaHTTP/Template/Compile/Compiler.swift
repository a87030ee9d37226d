// SPDX-License-Identifier: MIT

/// Syntax tree → bytecode of one template. Decides which names live in registers; knows of other templates
/// only their numbers. Expressions, statements and macros are in the extensions.
struct Compiler {
    let name: String
    let source: [UInt8]
    let symbols: Symbols

    /// The unit being compiled, and those around it, outermost first.
    var builder: UnitBuilder
    var outer: [UnitBuilder] = []

    var code: [Instruction] = []
    var spans: [Span] = []
    var units: [Unit] = []
    var blocks: [UInt16: Int] = [:]
    var literals: [UInt8] = []
    var strings: [Span] = []
    private var stringNumbers: [[UInt8]: Int] = [:]
    var constants: [CompiledTemplate.Constant] = []
    var references: [CompiledTemplate.Reference] = []
    private var locals: [CompiledTemplate.Local] = []

    /// After `{% extends %}` the top level only assigns; what it would print is thrown away.
    var isChild = false
    /// What literal autoescape tags said, for units that are defined inside them.
    var escapes: Bool

    static func compile(name: String, source: [UInt8], symbols: Symbols, options: SyntaxOptions)
        throws(SyntaxFault)
        -> CompiledTemplate
    {
        guard source.count <= 4 << 20 else {
            throw SyntaxFault(message: "template is larger than 4 MiB", span: Span(0, 0))
        }
        if let offset = source.withUnsafeBytes({ UTF8Text.firstInvalid($0) }) {
            throw SyntaxFault(message: "template is not UTF-8", span: Span(offset, offset + 1))
        }
        let normalised = Lexer.normalise(source, options)
        let tree = try Parser.parse(normalised, options)
        var compiler = Compiler(
            name: name, source: normalised, symbols: symbols, escapes: symbols.escapes(template: name))
        try compiler.compileRoot(tree)
        let checksMarkup = symbols.options.lint != .off && compiler.escapes
        return compiler.finished(
            findings: checksMarkup
                ? MarkupLint.check(tree, source: normalised, scriptFilters: symbols.options.scriptFilters)
                : [])
    }

    private init(name: String, source: [UInt8], symbols: Symbols, escapes: Bool) {
        self.name = name
        self.source = source
        self.symbols = symbols
        self.escapes = escapes
        builder = UnitBuilder(kind: .root, unit: Unit(escapes: escapes))
        units = [builder.unit]
    }

    private func finished(findings: [SyntaxFault]) -> CompiledTemplate {
        CompiledTemplate(
            name: name, source: source,
            image: TemplateImage(
                code: code, literals: literals, strings: strings, constants: constants, units: units,
                blocks: blocks),
            spans: spans, references: references, escapes: escapes, locals: locals, findings: findings)
    }

    // MARK: Units

    private mutating func compileRoot(_ tree: SyntaxTree) throws(SyntaxFault) {
        try compile(tree.body)
        try finishUnit(number: 0, end: Span(source.count, source.count))
    }

    /// Compiles a nested unit and returns its number; `builder` is the enclosing one again afterwards.
    mutating func compileUnit(
        _ kind: UnitBuilder.Kind, _ unit: Unit, span: Span,
        _ body: (inout Compiler) throws(SyntaxFault) -> Void
    ) throws(SyntaxFault) -> Int {
        let number = units.count
        units.append(unit)
        outer.append(builder)
        builder = UnitBuilder(kind: kind, unit: unit)
        let wasChild = isChild
        isChild = false
        defer {
            isChild = wasChild
            builder = outer.removeLast()
        }
        try body(&self)
        try finishUnit(number: number, end: span)
        return number
    }

    private mutating func finishUnit(number: Int, end: Span) throws(SyntaxFault) {
        builder.emit(Instruction(.end), end)
        guard builder.registerCount < 60_000 else {
            throw SyntaxFault(message: "too many variables", span: end)
        }
        builder.unit.entry = Int32(truncatingIfNeeded: code.count)
        builder.unit.registerCount = UInt16(builder.registerCount)
        units[number] = builder.unit
        for local in builder.locals {
            var local = local
            local.start += code.count
            local.end = min(local.end, builder.code.count) + code.count
            locals.append(local)
        }
        code += builder.code
        spans += builder.spans
    }

    // MARK: Tables

    func number(of name: String, _ span: Span) throws(SyntaxFault) -> Int {
        guard let number = symbols.names.intern(name) else {
            throw SyntaxFault(message: "too many different names", span: span)
        }
        return Int(number)
    }

    mutating func string(_ bytes: [UInt8]) -> Int {
        if let known = stringNumbers[bytes] { return known }
        let start = literals.count
        literals += bytes
        strings.append(Span(start, literals.count))
        stringNumbers[bytes] = strings.count - 1
        return strings.count - 1
    }

    mutating func constant(_ value: CompiledTemplate.Constant) -> Int {
        constants.append(value)
        return constants.count - 1
    }
}

/// What templates of a set share while they are compiled: numbers for names, and what scripts registered.
final class Symbols {
    var names = NameTable()
    var templates = NameTable()
    let options: TemplateOptions

    init(options: TemplateOptions) {
        self.options = options
        // Number 0 means "no name" in a unit.
        _ = names.intern("")
    }

    func escapes(template name: String) -> Bool { options.escapes(template: name) }
}

/// Everything about a set of templates that its owner decides.
struct TemplateOptions: Sendable, Equatable {
    enum Undefined: Sendable { case lenient, chainable, strict }
    enum Autoescape: Sendable { case byExtension, always, never }
    /// What is said about values where escaping does not protect: nothing, a warning, an error.
    enum Lint: String, Sendable { case off, warn, error }

    var syntax = SyntaxOptions()
    var undefined = Undefined.lenient
    var autoescape = Autoescape.byExtension
    var lint = Lint.off
    /// Names that scripts registered with `app:filter` and `app:test`.
    var scriptFilters: Set<String> = []
    var scriptTests: Set<String> = []
    /// Development: `{% debug %}` prints the variables, and errors show those of the line.
    var showsDebug = false
    /// Bytes of a page, which may go out in pieces.
    var maximumOutput = 64 << 20
    /// Bytes of a text that is kept whole.
    var maximumText: Int { min(maximumOutput, 64 << 20) }
    var maximumSteps = 50_000_000

    func escapes(template name: String) -> Bool {
        switch autoescape {
        case .always: return true
        case .never: return false
        case .byExtension: break
        }
        // The kind of the file alone, in any case: a browser sees `page.HTML` in `v1.2/` as HTML, too.
        let file = name.lowercased().split(separator: "/").last ?? ""
        var parts = file.split(separator: ".", omittingEmptySubsequences: false).dropFirst()
        while let last = parts.last, Self.templateExtensions.contains(last) { parts.removeLast() }
        guard let kind = parts.last, !kind.isEmpty else { return true }
        return Self.markupExtensions.contains(kind)
    }

    private static let templateExtensions: Set<Substring> = ["j2", "jinja", "jinja2"]
    /// What is served, or taken by browsers, as HTML or XML.
    private static let markupExtensions: Set<Substring> = [
        "html", "htm", "shtml", "xhtml", "xht", "xml", "xsl", "xslt", "xsd", "svg", "rss", "atom", "rdf",
        "mathml", "mml", "gpx", "kml", "opml",
    ]
}

// SPDX-License-Identifier: MIT

/// Finds what escaping cannot protect: values printed into scripts, style sheets, event handlers, attributes
/// without quotes, and at the beginning of addresses. Looks at one template's syntax tree; changes nothing.
struct MarkupLint {
    private let source: [UInt8]
    /// Filters of scripts: what they make is their authors' business.
    private let scriptFilters: Set<String>
    private var context = MarkupContext()
    private var findings: [SyntaxFault] = []

    static func check(_ tree: SyntaxTree, source: [UInt8], scriptFilters: Set<String>) -> [SyntaxFault] {
        var lint = MarkupLint(source: source, scriptFilters: scriptFilters)
        lint.walk(tree.body)
        return lint.findings
    }

    private init(source: [UInt8], scriptFilters: Set<String>) {
        self.source = source
        self.scriptFilters = scriptFilters
    }

    // MARK: Going through the template

    private mutating func walk(_ body: [Statement]) {
        for statement in body { walk(statement) }
    }

    private mutating func walk(_ statement: Statement) {
        switch statement.kind {
        case .text(let span): context.advance(source[span.range])
        case .output(let value):
            check(value)
            context.print()
        case .condition(let branches, let otherwise):
            walkBranches(branches.map(\.body) + [otherwise])
        case .loop(let loop): walkBranches([loop.body, loop.otherwise])
        case .with(_, let body), .autoescape(_, let body): walk(body)
        case .block(let block): walk(block.body)
        // What is printed elsewhere is HTML of its own.
        case .setBlock(_, _, let body), .filterBlock(_, let body): walkApart(body)
        case .macro(let macro), .call(let macro, _): walkApart(macro.body)
        case .include: context.print()
        case .set, .extends, .importModule, .importNames, .evaluate, .leaveLoop, .nextIteration, .flush,
            .debug:
            break
        }
    }

    private mutating func walkApart(_ body: [Statement]) {
        let outer = context
        context = MarkupContext()
        walk(body)
        context = outer
    }

    private mutating func walkBranches(_ bodies: [[Statement]]) {
        let start = context
        var result: MarkupContext?
        for body in bodies {
            context = start
            walk(body)
            result = result.map { $0.merged(with: context) } ?? context
        }
        if let result { context = result }
    }

    // MARK: One printed value

    private mutating func check(_ value: Expression) {
        guard !isHarmless(value), let problem = problem(value) else { return }
        findings.append(SyntaxFault(message: problem, span: value.span))
    }

    private func problem(_ value: Expression) -> String? {
        var filter = lastFilter(value)
        // Escaped once more, whatever it was: fit for any quotes.
        let isEscapedAgain = filter == "forceescape"
        if isEscapedAgain, case .filter(_, .some(let inner), _) = value.kind { filter = lastFilter(inner) }
        if filter == "safe" || filter.map({ scriptFilters.contains($0) }) == true { return nil }
        switch context.state {
        case .text, .comment: return nil
        case .rawText: return inRawText(filter)
        case .tagName:
            return context.tag.text.hasPrefix("!")
                ? nil : "a value in the name of a tag can make any tag of it"
        case .tag:
            return filter == "xmlattr"
                ? nil : "a value among the attributes of a tag can add any attribute: use xmlattr, or quotes"
        case .beforeValue, .value(quote: 0):
            return
                "a value in an attribute without quotes can add further attributes: put the attribute in quotes"
        case .value(let quote): return inValue(value, filter, quote, isEscapedAgain)
        }
    }

    private func inRawText(_ filter: String?) -> String? {
        switch context.tag.text {
        case "style":
            return "escaping does not protect a style sheet: choose among fixed texts, or set a class instead"
        case "script":
            guard runsAsScript, filter != "tojson" else { return nil }
            return "escaping does not protect a script: use tojson, without quotes around it"
        default: return nil
        }
    }

    /// Scripts that are data of another kind, such as text/template, are not run.
    private var runsAsScript: Bool {
        let type = context.scriptType.text
        return type.isEmpty
            || ["javascript", "ecmascript", "module", "json", "importmap"].contains { type.contains($0) }
    }

    private static let addresses: Set<String> = [
        "href", "src", "action", "formaction", "data", "poster", "background", "cite", "ping", "manifest",
        "xlink:href",
    ]

    private func inValue(_ value: Expression, _ filter: String?, _ quote: UInt8, _ isEscapedAgain: Bool)
        -> String?
    {
        let attribute = context.attribute.text
        let isDoubleQuoted = quote == UInt8(ascii: "\"")
        let opening = context.value.text.filter { !" \n\t".contains($0) }
        if filter == "tojson", isDoubleQuoted, !isEscapedAgain {
            return "tojson has double quotes of its own: put the attribute in single quotes"
        }
        if attribute.hasPrefix("on") || opening.hasPrefix("javascript:") && Self.addresses.contains(attribute)
        {
            return filter == "tojson"
                ? nil : "escaping does not protect a script in an attribute: use tojson, and single quotes"
        }
        if attribute == "srcdoc", !isEscapedAgain {
            return
                "a browser reads srcdoc as HTML after it has taken the escaping away: use escape|forceescape"
        }
        guard Self.addresses.contains(attribute), opening.isEmpty, !context.valueIsPrinted,
            !beginsSafely(value), filter != "urlencode"
        else { return nil }
        return
            "the beginning of an address decides where it leads (javascript:…): write what it begins with,"
            + " use urlencode, or a filter of your own that checks it"
    }

    // MARK: Values

    /// Numbers and fixed texts do no harm anywhere.
    private func isHarmless(_ value: Expression) -> Bool {
        switch value.kind {
        case .undefined, .none, .boolean, .integer, .float, .string, .test, .compare: true
        case .unary(_, let inner): isHarmless(inner)
        case .filter(let name, let inner, _):
            Self.numericFilters.contains(name)
                || Self.neutralFilters.contains(name) && (inner.map { isHarmless($0) } ?? false)
        case .conditional(_, let then, let otherwise):
            isHarmless(then) && (otherwise.map { isHarmless($0) } ?? true)
        case .and(_, let right): isHarmless(right)
        case .or(let left, let right): isHarmless(left) && isHarmless(right)
        case .concatenate(let parts): parts.allSatisfy { isHarmless($0) }
        case .field(let object, let name): Self.isLoop(object) && name != "previtem" && name != "nextitem"
        case .binary(let operation, _, _): operation != .add && operation != .multiply
        // super(), self.x(), caller() and macros print HTML that was checked where it is written.
        case .call(let callee, let arguments): isMarkup(callee) || isCycle(callee, arguments)
        default: false
        }
    }

    private static let numericFilters: Set<String> = [
        "int", "float", "length", "count", "round", "abs", "wordcount", "filesizeformat", "slug", "bool",
        "base64",
        "date",
    ]
    private static let neutralFilters: Set<String> = ["upper", "lower", "trim", "string", "capitalize"]

    private static func isLoop(_ expression: Expression) -> Bool {
        if case .name("loop") = expression.kind { true } else { false }
    }

    private func isMarkup(_ callee: Expression) -> Bool {
        switch callee.kind {
        case .name(let name): name == "super" || name == "caller"
        case .field(let object, _):
            switch object.kind {
            case .name(let name): name == "self" || name == "super"
            default: false
            }
        default: false
        }
    }

    private func isCycle(_ callee: Expression, _ arguments: Arguments) -> Bool {
        guard case .field(let object, "cycle") = callee.kind, Self.isLoop(object) else { return false }
        return arguments.positional.allSatisfy { isHarmless($0) }
    }

    /// An address that an author wrote the beginning of, or that a function of a script made.
    private func beginsSafely(_ value: Expression) -> Bool {
        switch value.kind {
        case .string(let bytes): !bytes.isEmpty
        case .concatenate(let parts): parts.first.map { beginsSafely($0) } ?? false
        case .binary(.add, let left, _): beginsSafely(left)
        case .filter("format", let inner, _):
            if case .some(.string(let bytes)) = inner?.kind {
                bytes.first != UInt8(ascii: "%")
            } else {
                false
            }
        case .filter(_, let inner, _): inner.map { beginsSafely($0) } ?? false
        case .conditional(_, let then, let otherwise):
            beginsSafely(then) && (otherwise.map { beginsSafely($0) } ?? true)
        case .or(let left, let right): beginsSafely(left) && beginsSafely(right)
        case .call: true
        default: isHarmless(value)
        }
    }

    private func lastFilter(_ value: Expression) -> String? {
        if case .filter(let name, _, _) = value.kind {
            name == "escape" || name == "e" ? nil : name
        } else {
            nil
        }
    }
}

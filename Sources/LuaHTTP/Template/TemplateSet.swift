// SPDX-License-Identifier: MIT

internal import Synchronization

/// All templates of one generation, compiled and checked against each other. Immutable, shared by all
/// workers; a reload builds a new one. Knows no files: see `TemplateLoader`.
///
/// SAFETY: everything is written in `init` and only read afterwards; `images` points to memory of the set's own.
final class TemplateSet: @unchecked Sendable {
    let options: TemplateOptions
    /// K numbers → names.
    let names: [String]
    let templates: [CompiledTemplate?]
    let templateNames: [String]
    /// K numbers of the global functions.
    let globals: [Int: Int]
    let images: UnsafePointer<TemplateImage>
    /// What does not keep the templates from being used, but should be looked at.
    let warnings: [TemplateError]
    /// Tells the names of this set from those of another in the same VM.
    let identity: UnsafeRawPointer

    private let numbers: [String: Int32]
    private let nameNumbers: NameTable
    private let templateNumbers: NameTable
    private static let counter = Atomic<UInt>(0)

    static let empty = TemplateSet(symbols: Symbols(options: TemplateOptions()), templates: [])

    /// What a handler can ask for: a template, or one block of it.
    struct Page: Equatable, Sendable {
        var template: Int32
        /// K number of the block, -1 for the whole page.
        var block: Int32 = -1
    }

    fileprivate init(
        symbols: Symbols, templates: [CompiledTemplate?], warnings: [TemplateError] = []
    ) {
        self.warnings = warnings
        options = symbols.options
        let table = GlobalTable.all.enumerated().map { ($0.element.name, $0.offset) }
        var globals: [Int: Int] = [:]
        for (name, offset) in table {
            if let number = symbols.names.number(of: name) { globals[Int(number)] = offset }
        }
        self.globals = globals
        names = symbols.names.names
        nameNumbers = symbols.names
        templateNames = symbols.templates.names
        templateNumbers = symbols.templates
        self.templates = templates
        let memory = UnsafeMutablePointer<TemplateImage>.allocate(capacity: max(1, templates.count))
        let blank = TemplateImage()
        var numbers: [String: Int32] = [:]
        for (number, template) in templates.enumerated() {
            (memory + number).initialize(to: template?.image ?? blank)
            if let template { numbers[template.name] = Int32(number) }
        }
        self.blank = blank
        self.numbers = numbers
        images = UnsafePointer(memory)
        let serial = Self.counter.add(1, ordering: .relaxed).newValue
        identity = UnsafeRawPointer(bitPattern: serial).unsafelyUnwrapped
    }

    private let blank: TemplateImage

    deinit {
        images.deallocate()
        blank.deallocate()
    }

    // MARK: Looking up

    func number(of name: UnsafeRawBufferPointer) -> Int32? { numbers[String(decoding: name, as: UTF8.self)] }

    /// `page.html`, or `page.html#block`.
    func page(_ name: String) -> Page? {
        if let number = numbers[name] { return Page(template: number) }
        guard let mark = name.lastIndex(of: "#"), let number = numbers[String(name[..<mark])],
            let block = nameNumbers.number(of: String(name[name.index(after: mark)...]))
        else { return nil }
        return Page(template: number, block: Int32(block))
    }

    func page(_ name: UnsafeRawBufferPointer) -> Page? { page(String(decoding: name, as: UTF8.self)) }

    /// For an error about a page that does not exist.
    func suggestion(for name: String) -> String? {
        guard let mark = name.lastIndex(of: "#"), let number = numbers[String(name[..<mark])] else {
            return Suggestion.closest(to: name, among: Array(numbers.keys))
        }
        let block = String(name[name.index(after: mark)...])
        return Suggestion.closest(to: block, among: blocks(of: Int(number))).map {
            String(name[...mark]) + $0
        }
    }

    /// Names of the blocks of a template and of those that it extends.
    private func blocks(of template: Int) -> [String] {
        var (found, next) = ([template], 0)
        while next < found.count {
            for reference in templates[found[next]]?.references ?? []
            where reference.role == .extends && !found.contains(Int(reference.template)) {
                found.append(Int(reference.template))
            }
            next += 1
        }
        return found.flatMap { number in
            templates[number]?.image.blockNames.map { names[$0] } ?? []
        }
    }
}

// MARK: Building

extension TemplateSet {
    /// A set, or everything that is wrong with the sources.
    enum Outcome {
        case built(TemplateSet)
        case failed([TemplateError])
    }

    /// Those that are in `known` with the same source and options are not compiled again.
    ///
    /// - Parameter page: if given, only what this page needs has to be right; other templates that are not are
    ///   left out.
    static func build(
        _ sources: [(name: String, bytes: [UInt8])], options: TemplateOptions = .init(),
        for page: String? = nil,
        knowing known: TemplateSet? = nil
    ) -> Outcome {
        let symbols = Symbols(options: options)
        // Bytecode is full of numbers of names: what is to be used again needs the same ones.
        let known = known.flatMap { $0.continues(with: options) ? $0 : nil }
        if let known { (symbols.names, symbols.templates) = (known.nameNumbers, known.templateNumbers) }
        for source in sources { _ = symbols.templates.intern(source.name) }
        var compiled: [String: CompiledTemplate] = [:]
        var errors: [TemplateError] = []
        for (name, bytes) in sources {
            if let same = known?.template(named: name, source: bytes) {
                compiled[name] = same
                continue
            }
            do throws(SyntaxFault) {
                compiled[name] = try Compiler.compile(
                    name: name, source: bytes, symbols: symbols, options: options.syntax)
            } catch {
                let source = Lexer.normalise(bytes, options.syntax)
                errors.append(TemplateError(error, template: name, source: source))
            }
        }
        for global in GlobalTable.all { _ = symbols.names.intern(global.name) }
        let names = symbols.templates.names
        errors += checkReferences(compiled, names, failed: Set(errors.map(\.template)))
        if let page {
            let needed = closure(of: page, compiled, names)
            errors.removeAll { !needed.contains($0.template) }
        }
        let findings = unsafeOutput(in: compiled)
        if options.lint == .error { errors += findings }
        guard errors.isEmpty else { return .failed(errors) }
        return .built(
            TemplateSet(symbols: symbols, templates: names.map { compiled[$0] }, warnings: findings))
    }

    /// The templates that a page names, and those that they name.
    private static func closure(
        of page: String, _ compiled: [String: CompiledTemplate], _ names: [String]
    ) -> Set<String> {
        var (found, waiting): (Set<String>, [String]) = ([page], [page])
        while let name = waiting.popLast() {
            for reference in compiled[name]?.references ?? [] {
                let other = names[Int(reference.template)]
                if found.insert(other).inserted { waiting.append(other) }
            }
        }
        return found
    }

    private static func unsafeOutput(in compiled: [String: CompiledTemplate]) -> [TemplateError] {
        compiled.values.sorted { $0.name < $1.name }.flatMap { template in
            template.findings.map {
                TemplateError(
                    kind: .unsafeOutput, message: $0.message, template: template.name,
                    source: template.source, span: $0.span)
            }
        }
    }

    /// After many changes there are too many numbers of names that nobody uses any more.
    private func continues(with options: TemplateOptions) -> Bool {
        self.options == options && names.count < Int(UInt16.max) / 2
            && templateNames.count < Int(UInt16.max) / 2
    }

    private func template(named name: String, source: [UInt8]) -> CompiledTemplate? {
        guard let number = numbers[name], let template = templates[Int(number)],
            template.source == Lexer.normalise(source, options.syntax)
        else { return nil }
        return template
    }

    private static func checkReferences(
        _ compiled: [String: CompiledTemplate], _ names: [String], failed: Set<String>
    ) -> [TemplateError] {
        var errors: [TemplateError] = []
        for template in compiled.values.sorted(by: { $0.name < $1.name }) {
            for reference in template.references
            where reference.role != .optionalInclude && reference.role != .conditional {
                let name = names[Int(reference.template)]
                guard compiled[name] == nil, !failed.contains(name) else { continue }
                let hint = Suggestion.closest(to: name, among: Array(compiled.keys)).map {
                    " (did you mean '\($0)'?)"
                }
                errors.append(
                    TemplateError(
                        kind: .templateNotFound, message: "'\(name)' does not exist\(hint ?? "")",
                        template: template.name, source: template.source, span: reference.span))
            }
            if let cycle = findCycle(from: template, compiled, names) { errors.append(cycle) }
        }
        return errors
    }

    /// A template that extends itself through others could never be rendered.
    private static func findCycle(
        from template: CompiledTemplate, _ compiled: [String: CompiledTemplate], _ names: [String]
    ) -> TemplateError? {
        var seen: Set<String> = []
        var current = template
        while let parent = current.references.first(where: { $0.role == .extends }) {
            let name = names[Int(parent.template)]
            if name == template.name {
                let span = template.references.first { $0.role == .extends }?.span ?? Span(0, 0)
                return TemplateError(
                    kind: .invalidOperation, message: "'\(name)' extends itself", template: template.name,
                    source: template.source, span: span)
            }
            guard seen.insert(name).inserted, let next = compiled[name] else { return nil }
            current = next
        }
        return nil
    }
}

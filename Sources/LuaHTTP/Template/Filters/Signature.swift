// SPDX-License-Identifier: MIT

/// The parameters of a filter, test or global function, by the names that templates may use. Written as text:
/// `"width first? blank?"`, `*` for any further positional arguments, `**` for any keywords (passed as one
/// map).
struct Signature: Sendable {
    private(set) var parameters: [String] = []
    private(set) var required = 0
    private(set) var isVariadic = false
    private(set) var takesKeywords = false

    init(_ text: String) {
        for word in text.split(separator: " ") {
            if word == "*" {
                isVariadic = true
            } else if word == "**" {
                takesKeywords = true
            } else if word.last == "?" {
                parameters.append(String(word.dropLast()))
            } else {
                parameters.append(String(word))
                required = parameters.count
            }
        }
    }

    /// What a script registered: its own business.
    static let any = Signature("* **")
}

extension Signature {
    /// One expression per parameter, nil where none was given; further positional ones follow.
    struct Binding {
        var values: [Expression?] = []
        var keywords: [(name: String, value: Expression)] = []
    }

    func bind(_ arguments: Arguments, of name: String, at span: Span) throws(SyntaxFault) -> Binding {
        guard arguments.list == nil, arguments.map == nil else {
            throw SyntaxFault(message: "'\(name)' does not take '*' and '**' arguments", span: span)
        }
        var binding = Binding()
        binding.values = arguments.positional.map { $0 }
        if binding.values.count > parameters.count, !isVariadic {
            let most =
                switch parameters.count {
                case 0: "no arguments"
                case 1: "at most 1 argument"
                default: "at most \(parameters.count) arguments"
                }
            throw SyntaxFault(message: "'\(name)' takes \(most)", span: span)
        }
        for (keyword, value) in arguments.keywords {
            if let index = parameters.firstIndex(of: keyword) {
                while binding.values.count <= index { binding.values.append(nil) }
                guard binding.values[index] == nil else {
                    throw SyntaxFault(message: "'\(name)' got '\(keyword)' twice", span: span)
                }
                binding.values[index] = value
            } else if takesKeywords {
                binding.keywords.append((keyword, value))
            } else {
                throw SyntaxFault(message: "'\(name)' has no parameter '\(keyword)'", span: span)
            }
        }
        for index in 0..<required where index >= binding.values.count || binding.values[index] == nil {
            throw SyntaxFault(message: "'\(name)' needs '\(parameters[index])'", span: span)
        }
        return binding
    }
}

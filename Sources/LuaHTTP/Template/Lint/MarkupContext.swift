// SPDX-License-Identifier: MIT

/// Where in an HTML document a byte stands, kept while the text of a template goes by. Follows the tokenizer of
/// the HTML standard (§13.2.5) as far as that matters for what may be printed; knows no templates.
struct MarkupContext: Equatable {
    enum State: Equatable {
        case text
        /// After `<`, or in the name of a tag.
        case tagName
        /// Between the attributes of a tag, or in the name of one.
        case tag
        /// After `=`, before the value begins.
        case beforeValue
        /// `quote` is 0 in a value without.
        case value(quote: UInt8)
        /// What is inside `<script>`, `<style>`, `<textarea>`, `<title>`.
        case rawText
        case comment
    }

    private(set) var state = State.text
    /// In lower case; of the tag that is open or of the raw text.
    private(set) var tag = Word()
    private(set) var attribute = Word()
    /// What the value of the attribute begins with.
    private(set) var value = Word()
    /// A value was printed into it, so that nobody knows how it begins.
    private(set) var valueIsPrinted = false
    /// What `type` says, of the `<script>` that is open.
    private(set) var scriptType = Word()
    private var isClosingTag = false
    /// The last bytes, for the ends of comments and raw texts.
    private var tail = Word()

    /// A few letters, in lower case: no name that matters is longer.
    struct Word: Equatable {
        private(set) var text = ""
        mutating func append(_ byte: UInt8) {
            let isUpper = byte >= 0x41 && byte <= 0x5A
            if text.utf8.count < 24 {
                text.unicodeScalars.append(Unicode.Scalar(isUpper ? byte | 0x20 : byte))
            }
        }
        /// Keeps only the last letters.
        mutating func slide(_ byte: UInt8) {
            if text.utf8.count >= 12 { text.removeFirst() }
            append(byte)
        }
        mutating func clear() { text = "" }
    }

    // MARK: Text of the template

    mutating func advance(_ bytes: ArraySlice<UInt8>) {
        for byte in bytes { advance(byte) }
    }

    private mutating func advance(_ byte: UInt8) {
        switch state {
        case .text: if byte == UInt8(ascii: "<") { openTag() }
        case .tagName: inTagName(byte)
        case .tag: inTag(byte)
        case .beforeValue: beforeValue(byte)
        case .value(let quote): inValue(byte, quote)
        case .rawText: inRawText(byte)
        case .comment:
            tail.slide(byte)
            if tail.text.hasSuffix("-->") { state = .text }
        }
    }

    private mutating func openTag() {
        state = .tagName
        tag.clear()
        isClosingTag = false
    }

    private mutating func inTagName(_ byte: UInt8) {
        if tag.text.isEmpty {
            if byte == UInt8(ascii: "/"), !isClosingTag { return isClosingTag = true }
            if byte == UInt8(ascii: "!") || byte == UInt8(ascii: "?") { return tag.append(byte) }
            guard Self.isLetter(byte) else { return state = .text }
            return tag.append(byte)
        }
        if tag.text == "!-", byte == UInt8(ascii: "-") {
            tail.clear()
            return state = .comment
        }
        if byte == UInt8(ascii: ">") { return closeTag() }
        if Lexer.isSpace(byte) || byte == UInt8(ascii: "/") {
            attribute.clear()
            scriptType.clear()
            return state = .tag
        }
        tag.append(byte)
    }

    private mutating func inTag(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: ">"): closeTag()
        case UInt8(ascii: "="):
            state = .beforeValue
            value.clear()
            valueIsPrinted = false
        case UInt8(ascii: "/"): attribute.clear()
        case _ where Lexer.isSpace(byte):
            // A blank before `=` belongs to the name before it.
            tail.clear()
            tail.append(0x20)
        default:
            if tail.text == " " { attribute.clear() }
            tail.clear()
            attribute.append(byte)
        }
    }

    private mutating func beforeValue(_ byte: UInt8) {
        if Lexer.isSpace(byte) { return }
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") { return state = .value(quote: byte) }
        if byte == UInt8(ascii: ">") { return closeTag() }
        state = .value(quote: 0)
        value.append(byte)
    }

    private mutating func inValue(_ byte: UInt8, _ quote: UInt8) {
        if quote != 0 ? byte == quote : Lexer.isSpace(byte) { return closeValue() }
        if quote == 0, byte == UInt8(ascii: ">") {
            closeValue()
            return closeTag()
        }
        if !valueIsPrinted { value.append(byte) }
    }

    private mutating func closeValue() {
        if attribute.text == "type" { scriptType = value }
        attribute.clear()
        state = .tag
    }

    private mutating func closeTag() {
        tail.clear()
        let isRaw = !isClosingTag && ["script", "style", "textarea", "title", "xmp"].contains(tag.text)
        state = isRaw ? .rawText : .text
    }

    /// Until `</name`, whatever else is in it.
    private mutating func inRawText(_ byte: UInt8) {
        tail.slide(byte)
        guard tail.text.hasSuffix("</" + tag.text) else { return }
        isClosingTag = true
        attribute.clear()
        state = .tag
    }

    // MARK: What the template prints

    /// A value of unknown text stands here.
    mutating func print() {
        switch state {
        case .beforeValue:
            state = .value(quote: 0)
            valueIsPrinted = true
        case .value: valueIsPrinted = true
        case .tag: attribute.append(UInt8(ascii: "?"))
        case .text, .tagName, .rawText, .comment: break
        }
    }

    /// After a choice the document goes on as after its first branch; a value may begin as in either.
    func merged(with other: MarkupContext) -> MarkupContext {
        var merged = self
        if state == other.state, other.value.text.utf8.count < value.text.utf8.count, !other.valueIsPrinted {
            merged.value = other.value
        }
        return merged
    }

    private static func isLetter(_ byte: UInt8) -> Bool { byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A }
}

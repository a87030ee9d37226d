// SPDX-License-Identifier: MIT

internal import NIOCore

/// One page being rendered: the template engine's state, and the answer's head that waits for it.
///
/// A page that ends within the first slice is sent with its length; a longer one is streamed.
/// Reused from page to page.
final class Rendering {
    private(set) var status = 200
    /// Header lines, kept until the first slice goes out.
    private(set) var fields = ByteBuffer()
    /// The head and at least one slice have been sent.
    private(set) var hasStarted = false
    private(set) var treatment = RequestTask.Treatment()
    /// Of a page that is sent in slices.
    private(set) var compressor: Compressor?
    /// A page up to this is sent in one piece where that gives it a validator.
    private static let largestTagged = 128 << 10
    /// Bytes of the page handed out so far.
    private(set) var bytes = 0
    /// Slot of the table of variables, which stays on the Lua stack while the page is rendered.
    private(set) var variables: Int32 = 0
    private let renderer = Renderer()

    /// - Parameters:
    ///   - name: "page.html", or "page.html#block" for one block of it.
    ///   - variables: index of the table on `stack`.
    ///   - edition: of the templates that were in force when the request began.
    ///   - fields: header lines of the answer; Content-Type is added by the template's extension.
    /// - Throws: ``AnswerMistake`` when there is no such template.
    func begin(
        _ name: UnsafeRawBufferPointer, variables: Int32, answer: Answer, fields: HeaderBlock,
        generation: Generation, edition: Int, on stack: LuaStack
    ) throws(AnswerMistake) {
        let templates = generation.templates(at: edition)
        guard let page = templates.page(name) else { throw AnswerMistake(missing: name, in: templates) }
        status = answer.status
        self.variables = stack.absolute(variables)
        hasStarted = false
        compressor = nil
        bytes = 0
        self.fields.clear()
        self.fields.writeImmutableBuffer(fields.bytes)
        if !answer.hasContentType {
            self.fields.writeStaticString("Content-Type: ")
            self.fields.writeStaticString(Self.contentType(of: name))
            self.fields.writeStaticString("\r\n")
        }
        var environment: Int32 = 0
        if let number = generation.additions.environment {
            generation.handlers.push(number, on: stack)
            environment = stack.top
        }
        stack.pushCopy(of: variables)
        renderer.start(page, of: templates, on: stack.state, environment: environment)
    }

    /// By the extension, without the ones that only say "template". One without an extension is escaped as HTML
    /// and sent as that.
    private static func contentType(of name: UnsafeRawBufferPointer) -> StaticString {
        var file = name.firstIndex(of: UInt8(ascii: "#")).map { name[..<$0] } ?? name[...]
        if file.suffix(5).elementsEqual(".html".utf8) { return "text/html; charset=utf-8" }
        for suffix in [".jinja", ".jinja2", ".j2"]
        where file.suffix(suffix.utf8.count).elementsEqual(suffix.utf8) {
            file = file.dropLast(suffix.utf8.count)
        }
        let last = file.lastIndex(of: ASCII.slash).map { file[($0 + 1)...] } ?? file
        return last.contains(UInt8(ascii: ".")) ? ContentType.of(fileName: last) : "text/html; charset=utf-8"
    }

    func limitTime(milliseconds: Int) { renderer.limitTime(milliseconds: milliseconds) }

    /// What may be done to the page; before its first step.
    func treat(_ treatment: RequestTask.Treatment) {
        self.treatment = treatment
        if treatment.tags { renderer.gather(Self.largestTagged) }
    }

    /// The head goes out. `begin` makes a compressor and the lines that go with it.
    func start(_ begin: (Int, inout ByteBuffer, RequestTask.Treatment) -> Compressor?) {
        hasStarted = true
        if treatment.tags { renderer.gather(nil) }
        compressor = begin(status, &fields, treatment)
    }

    /// The end of a page, whether it came to one or not.
    func takeCompressor() -> Compressor? {
        defer { compressor = nil }
        return compressor
    }

    func step() -> Renderer.Step { renderer.step() }

    /// The page asked for the slice at hand.
    var isFlushed: Bool { renderer.isFlushed }

    /// The function has failed: the error, with the place on the page.
    func failure(_ message: String) -> TemplateError { renderer.failure(message) }

    /// What comes before the place where the page waits.
    func takeSliceBeforeWait() -> ByteBuffer? {
        var slice: ByteBuffer?
        renderer.takeBeforeWait { if !$0.isEmpty { slice = ByteBuffer(bytes: $0) } }
        bytes += slice?.readableBytes ?? 0
        return slice
    }

    /// The bytes rendered since the last slice.
    func takeSlice() -> ByteBuffer {
        let slice = ByteBuffer(bytes: renderer.output)
        renderer.clearOutput()
        bytes += slice.readableBytes
        return slice
    }

    /// What is left of a page in slices.
    func takeLast() -> ByteBuffer {
        let last = takeSlice()
        return compressor?.pass(last, .end) ?? last
    }

    /// Bytes of the body of a page in slices.
    var bytesSent: Int { compressor?.produced ?? bytes }

    /// The whole page, when no slice was taken.
    func withPage(_ body: (UnsafeRawBufferPointer) -> Void) {
        bytes = renderer.output.count
        body(renderer.output)
    }
}

extension AnswerMistake {
    /// There is no such template, or no such block of it.
    init(missing name: UnsafeRawBufferPointer, in templates: TemplateSet) {
        let name = String(decoding: name, as: UTF8.self)
        let hint = templates.suggestion(for: name).map { " (did you mean '\($0)'?)" } ?? ""
        self.init(text: "asked for the template '\(name)', which does not exist\(hint)")
    }
}

/// Renderings that wait to be used again.
struct RenderingPool {
    private var idle: [Rendering] = []
    private static let most = 64

    mutating func take() -> Rendering { idle.popLast() ?? Rendering() }

    mutating func put(_ rendering: Rendering) {
        if idle.count < Self.most { idle.append(rendering) }
    }
}

// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Templates put together from pieces of others: whatever they mean, they must not stop the process. Runs
/// as many rounds as `LUAHTTPD_SPLICES` says, with pieces of our own by default.
struct SpliceTests {
    private static let pieces = [
        "{{ a }}", "{{ a.b.c }}", "{{ l[1:2] }}", "{% for x in l %}", "{% endfor %}", "{% if a %}",
        "{% else %}", "{% endif %}",
        "{% set a = l|map('upper')|list %}", "{% macro m(x, y=a) %}", "{% endmacro %}", "{{ m(1, y=l) }}",
        "{% call m(2) %}",
        "{% endcall %}", "{{ caller() }}", "{% block b %}", "{% endblock %}", "{{ super() }}",
        "{{ self.b() }}",
        "{% extends 'x' %}", "{% include 'x' %}", "{% import 'x' as i %}", "{{ i.m(3) }}",
        "{% for k, v in d recursive %}",
        "{{ loop(v) }}", "{{ loop.index }}", "{{ loop.cycle(1, 2) }}", "{% break %}", "{% continue %}",
        "{% with a = 1 %}",
        "{% endwith %}", "{% filter upper %}", "{% endfilter %}", "{% set c %}", "{% endset %}",
        "{% autoescape false %}",
        "{% endautoescape %}", "{{ n // 3 ** 2 - -n }}", "{{ n * n * n * n * n }}",
        "{{ l|sort(reverse=true)|join('-') }}",
        "{{ s|truncate(3)|center(9)|indent(2) }}", "{{ d|tojson }}", "{{ l|batch(2)|list }}",
        "{{ s|format(1, 2) }}",
        "{{ range(9)|slice(4)|list }}", "{{ s ~ l ~ d }}", "{{ l[n] }}", "{{ s|wordwrap(3) }}",
        "{{ s|urlize }}",
        "{{ d|dictsort|first|last }}", "{{ n|round(2)|int|abs }}", "{{ f|filesizeformat }}", "{{ u.x }}",
        "{{ f|int }}",
        "{% set g = namespace(q=1) %}", "{% set g.q = g.q + 1 %}", "{{ g.q }}", "{{ cycler(1, 2).next() }}",
        "text\n",
    ]

    @Test func `spliced templates render or fail, and nothing else`() throws {
        let rounds = getenv("LUAHTTPD_SPLICES").flatMap { Int(String(cString: $0)) } ?? 300
        var pieces = Self.pieces
        if let path = getenv("LUAHTTPD_SPLICE_PIECES").map({ String(cString: $0) }),
            let text = Self.read(path)
        {
            pieces += text.split(separator: "\u{1}").map(String.init)
        }
        var random = SplitMix(
            state: UInt64(getenv("LUAHTTPD_SPLICE_SEED").flatMap { Int(String(cString: $0)) } ?? 7))
        let tester = RenderTester()
        let data =
            "{a={b={c='x<y'}}, l={1,'b',2.5,{x=1}}, d={k='v',q={1,2}}, n=-7, f=1e300, s='a b c-d \\xff é', u=nil}"
        var rendered = 0
        for _ in 0..<rounds {
            let main = Self.splice(&random, pieces)
            let other = Self.splice(&random, pieces)
            do {
                _ = try tester.render(
                    ["main": main, "x": other], "main", data: data, options: Self.options(&random))
                rendered += 1
            } catch is TemplateError {
                continue
            }
        }
        #expect(rendered > 0 || rounds < 50)
    }

    private static func options(_ random: inout SplitMix) -> TemplateOptions {
        var options = TemplateOptions()
        options.undefined = [.lenient, .chainable, .strict][Int(random.next() % 3)]
        options.maximumSteps = 300_000
        options.maximumOutput = 1 << 20
        return options
    }

    private static func splice(_ random: inout SplitMix, _ pieces: [String]) -> String {
        var text = ""
        for _ in 0..<(1 + random.next() % 14) { text += pieces[Int(random.next() % UInt64(pieces.count))] }
        // Sometimes a few bytes more or less, to get past the grammar.
        guard random.next() % 4 == 0 else { return text }
        var bytes = Array(text.utf8)
        for _ in 0..<(1 + random.next() % 3) where !bytes.isEmpty {
            let index = Int(random.next() % UInt64(bytes.count))
            if random.next() % 2 == 0 {
                bytes.remove(at: index)
            } else {
                bytes[index] = UInt8(0x20 + random.next() % 0x5F)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func read(_ path: String) -> String? {
        guard let file = fopen(path, "rb") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        while case let byte = fgetc(file), byte != EOF { bytes.append(UInt8(truncatingIfNeeded: byte)) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Steele, Lea and Flood's generator: the same sequence everywhere.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}

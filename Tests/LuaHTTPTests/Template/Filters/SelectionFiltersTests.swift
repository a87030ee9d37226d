// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

/// Filters that apply others by name.
struct SelectionFiltersTests {
    private let tester = RenderTester()
    private static let data = """
        {l = {{n = 1, m = function(self, x, k) return self.n + (x or 0) + (k and k.y or 0) end},
              {n = 2, m = setmetatable({}, {__call = function(_, self) return self.n * 10 end})}}}
        """

    @Test(arguments: [
        ("{{ l|map('call', 'm')|join(' ') }}", "1 20"),
        ("{{ l[:1]|map('call', 'm', 5, y=100)|join }}", "106"),
        ("{{ 'call' is filter }}{{ 'map' is filter }}{{ 'cal' is filter }}", "truetruefalse"),
        ("{{ [{'q': {'z': 1}}, {}]|map(attribute='q.z', default='-')|join }}", "1-"),
    ])
    func `they do what they say`(_ source: String, _ expected: String) throws {
        #expect(try tester.render(source, data: Self.data) == expected)
    }

    @Test(arguments: [
        ("l|map('call', 'n')|list", "the method 'n' cannot be called: it is integer"),
        ("l|map('call', 'nope')|list", "the method 'nope' cannot be called: it is undefined"),
        ("l|map('call')|list", "'call' needs the name of a method"),
        ("l|map('cal')|list", "unknown filter 'cal' (did you mean 'call'?)"),
        ("[1]|cal", "unknown filter 'cal' (did you mean 'call'?)"),
        ("[{'q': 1}, {}]|map(attribute='q.z.y')|join", "'q.z' is undefined"),
        ("[{}]|map(attribute='q.z')|join", "'q' is undefined"),
        ("l|map(attribute='n', foo=1)|join", "'map' has no parameter 'foo'"),
        ("l|map('upper', attribute='n')|join", "'upper' has no parameter 'attribute'"),
        ("[{}]|sort(attribute='q.0.z')", "'q' is undefined"),
    ])
    func `mistakes are named`(_ expression: String, _ message: String) throws {
        for mode in [TemplateOptions.Undefined.lenient, .strict] {
            var options = TemplateOptions()
            options.undefined = mode
            let error = try #require(throws: TemplateError.self) {
                try tester.render("{{ \(expression) }}", data: Self.data, options: options)
            }
            #expect(error.message == message)
        }
    }

    @Test func `filters of the application get keywords, too`() throws {
        var options = TemplateOptions()
        options.scriptFilters = ["money"]
        let environment = "{{}, {money = function(v, o) return v .. (o and o.sign or '?') end}, {}}"
        let text = try tester.render(
            ["page.html": "{{ [1, 2]|map('money', sign='$')|join(' ') }}"], environment: environment,
            options: options)
        #expect(text == "1$ 2$")
    }
}

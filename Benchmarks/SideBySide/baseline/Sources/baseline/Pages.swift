// SPDX-License-Identifier: MIT

/// The data and templates of `app/data.lua` and `app/templates`.
enum Pages {
    struct Fortune {
        let id: Int
        let message: String
    }

    struct Row {
        let id: Int
        let name: String
        let text: String
    }

    static let fortunes = """
        <!DOCTYPE html><html><head><title>Fortunes</title></head><body><table><tr><th>id</th><th>message</th></tr>\
        {{#fortunes}}<tr><td>{{id}}</td><td>{{message}}</td></tr>{{/fortunes}}</table></body></html>
        """

    static let rows = """
        <!DOCTYPE html><html><head><title>Rows</title></head><body><table>\
        {{#rows}}<tr><td>{{id}}</td><td>{{name}}</td><td>{{text}}</td></tr>{{/rows}}</table></body></html>
        """

    private static let messages = [
        "fortune: No such file or directory",
        "A computer scientist is someone who fixes things that aren't broken.",
        "After enough decimal places, nobody gives a damn.",
        "A bad random number generator: 1, 1, 1, 1, 1, 4.33e+67, 1, 1, 1",
        "A computer program does what you tell it to do, not what you want it to do.",
        "Emacs is a nice operating system, but I prefer UNIX. — Tom Christaensen",
        "Any program that runs right is obsolete.",
        "A list is only as strong as its weakest link. — Donald Knuth",
        "Feature: A bug with seniority.",
        "Computers make very fast, very accurate mistakes.",
        "<script>alert(\"This should not be displayed in a browser alert box.\");</script>",
        "フレームワークのベンチマーク",
    ]

    static func makeFortunes() -> [Fortune] {
        var rows = messages.enumerated().map { Fortune(id: $0.offset + 1, message: $0.element) }
        rows.append(Fortune(id: 0, message: "Additional fortune added at request time."))
        return rows.sorted { $0.message < $1.message }
    }

    static func makeRows() -> [Row] {
        (1...1000).map { Row(id: $0, name: "name \($0)", text: "some text & more <\($0)>") }
    }
}

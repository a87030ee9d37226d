// SPDX-License-Identifier: MIT

/// A report as one page that needs nothing else: no script, no other file. Reads well in light and dark, on a
/// phone, and from the keyboard.
extension FailureReport {
    var html: String {
        var page = HTMLText()
        PageFrame.begin(&page, title: "\(status) \(message.prefix(120))", style: .pageStyle)
        page.markup(status < 500 ? "<body class=\"mild\">\n" : "<body>\n")
        writeHead(to: &page)
        page.markup(
            request == nil && variables.isEmpty ? "<main>\n<div>\n" : "<main class=\"wide\">\n<div>\n")
        if let routing { writeRouting(routing, to: &page) }
        writeFrames(templates, "In templates", to: &page)
        writeFrames(calls, "In Lua", to: &page)
        writeText(to: &page)
        page.markup("</div>\n<aside>\n")
        if !variables.isEmpty {
            page.markup("<section><h2>Variables of the page</h2><div class=\"box\">")
            Self.write(variables, to: &page)
            page.markup("</div></section>\n")
        }
        if let request { write(request, to: &page) }
        page.markup("</aside>\n</main>\n")
        page.element(
            "<p class=\"bottom\">Shown in development only, by luahttpd ", LuaHTTPVersion.text,
            ". Values whose names promise a secret are hidden.</p>\n")
        PageFrame.end(&page)
        return page.text
    }

    // MARK: Head

    private func writeHead(to page: inout HTMLText) {
        page.markup("<header class=\"top\"><div>\n<p class=\"facts\"><b>")
        page.text("\(status) \(StatusLine.text(status))")
        page.markup("</b>")
        if label != StatusLine.text(status) { page.element("<span>", label, "</span>") }
        if let request { page.element("<span class=\"mono\">", request.line, "</span>") }
        page.markup("</p>\n")
        page.element("<h1>", message, "</h1>\n")
        if let origin {
            page.markup("<p class=\"place\">")
            Self.writePlace(origin.place, origin.link, to: &page)
            if !origin.role.isEmpty { page.element(" <span>", origin.role, "</span>") }
            page.markup("</p>\n")
        }
        if let hint { page.element("<p class=\"hint\">", hint, "</p>\n") }
        page.markup("</div></header>\n")
    }

    private static func writePlace(_ place: String, _ link: String?, to page: inout HTMLText) {
        guard let link else { return page.text(place) }
        page.element("<a href=\"", link, "\">")
        page.text(place)
        page.markup("</a>")
    }

    // MARK: Source

    /// Own files open, those of libraries folded away together where they follow each other.
    private func writeFrames(_ frames: [Frame], _ title: String, to page: inout HTMLText) {
        guard !frames.isEmpty else { return }
        page.element("<section><h2>", title, "</h2>\n")
        var index = 0
        while index < frames.count {
            let end = frames[index...].firstIndex { !$0.isLibrary } ?? frames.count
            if end > index {
                page.markup("<details class=\"folded\"><summary>")
                page.text(end - index == 1 ? "1 call in a library" : "\(end - index) calls in libraries")
                page.markup("</summary>\n")
                for frame in frames[index..<end] { write(frame, isOpen: false, to: &page) }
                page.markup("</details>\n")
                index = end
            } else {
                // Of a deep recursion the first ones tell it all.
                write(frames[index], isOpen: index < 8, to: &page)
                index += 1
            }
        }
        page.markup("</section>\n")
    }

    private func write(_ frame: Frame, isOpen: Bool, to page: inout HTMLText) {
        page.markup(isOpen ? "<details class=\"frame\" open>" : "<details class=\"frame\">")
        page.element("<summary><span class=\"place\">", frame.place, "</span>")
        if !frame.role.isEmpty { page.element("<span class=\"role\">", frame.role, "</span>") }
        if let link = frame.link { page.element("<a class=\"open\" href=\"", link, "\">open in editor</a>") }
        page.markup("</summary>")
        if let excerpt = frame.excerpt {
            page.element("<pre class=\"source\" tabindex=\"0\" aria-label=\"", frame.place, "\">")
            for (number, line) in excerpt.lines { write(line, number, of: frame, excerpt, to: &page) }
            page.markup("</pre>")
        }
        if !frame.variables.isEmpty { Self.write(frame.variables, to: &page) }
        page.markup("</details>\n")
    }

    private func write(
        _ line: String, _ number: Int, of frame: Frame, _ excerpt: SourceExcerpt, to page: inout HTMLText
    ) {
        let isHere = number == excerpt.marked
        page.element(
            isHere ? "<span class=\"here\" data-line=\"" : "<span data-line=\"", String(number), "\">")
        let scalars = Array(line.unicodeScalars)
        let classes = SourceHighlight.classes(of: scalars, in: frame.language)
        let blamed = isHere ? frame.blamed ?? 0..<0 : 0..<0
        var index = 0
        while index < scalars.count {
            let start = index
            let isBlamed = blamed.contains(index)
            while index < scalars.count, classes[index] == classes[start], blamed.contains(index) == isBlamed
            {
                index += 1
            }
            let text = String(String.UnicodeScalarView(scalars[start..<index]))
            if isBlamed { page.markup("<i class=\"at\">") }
            Self.write(text, as: classes[start], to: &page)
            if isBlamed { page.markup("</i>") }
        }
        page.markup("</span>")
    }

    private static func write(_ text: String, as kind: SourceHighlight.Class, to page: inout HTMLText) {
        switch kind {
        case .plain: return page.text(text)
        case .keyword: page.markup("<i class=\"k\">")
        case .string: page.markup("<i class=\"s\">")
        case .number: page.markup("<i class=\"n\">")
        case .comment: page.markup("<i class=\"c\">")
        case .tag: page.markup("<i class=\"t\">")
        }
        page.element("", text, "</i>")
    }

    // MARK: Values

    private static func write(_ variables: [ScriptVariable], to page: inout HTMLText) {
        page.markup("<dl>")
        for variable in variables {
            page.element("<dt>", variable.name, "</dt>")
            if variable.value == SecretName.mask {
                page.element("<dd class=\"hidden\" title=\"hidden\">", variable.value, "</dd>")
            } else {
                page.element("<dd>", variable.value, "</dd>")
            }
        }
        page.markup("</dl>")
    }

    private func write(_ request: RequestSummary, to page: inout HTMLText) {
        page.markup("<section><h2>Request</h2><div class=\"box\">")
        if let route = request.route {
            page.markup("<h3>Route</h3><ul class=\"routes all\">")
            write(route, to: &page)
            page.markup("</ul>")
        }
        for section in request.sections {
            page.element("<h3>", section.title, "</h3>")
            Self.write(section.rows, to: &page)
        }
        if !request.headers.isEmpty {
            page.element("<details open><summary>Headers (", String(request.headers.count), ")</summary>")
            Self.write(request.headers, to: &page)
            page.markup("</details>")
        }
        page.markup("</div></section>\n")
    }

    /// To be copied into a message.
    private func writeText(to page: inout HTMLText) {
        guard !text.isEmpty else { return }
        page.markup("<section><details class=\"frame\"><summary>As text, to copy</summary>")
        page.element("<pre class=\"text\" tabindex=\"0\">", plainText, "</pre></details></section>\n")
    }

    // MARK: Routes

    private func writeRouting(_ routing: Routing, to page: inout HTMLText) {
        if routing.near.isEmpty {
            page.markup("<section><h2>No route comes near this path</h2></section>\n")
        } else {
            page.markup("<section><h2>Nearest routes</h2><div class=\"box\"><ul class=\"routes\">\n")
            for route in routing.near { write(route, to: &page) }
            page.markup("</ul></div></section>\n")
        }
        guard !routing.all.isEmpty else { return }
        page.markup(
            routing.near.isEmpty
                ? "<section><details class=\"frame\" open><summary>"
                : "<section><details class=\"frame\"><summary>")
        let count = routing.all.count + routing.unlisted
        page.text(count == 1 ? "The only route" : "All \(count) routes")
        page.markup("</summary><ul class=\"routes all\">\n")
        for route in routing.all { write(route, to: &page) }
        if routing.unlisted > 0 { page.element("<li>… and ", String(routing.unlisted), " more</li>") }
        page.markup("</ul></details></section>\n")
    }

    private func write(_ route: Routing.Route, to page: inout HTMLText) {
        page.element("<li><span class=\"path\"><em>", route.methods, "</em>")
        page.text(route.path)
        page.markup("</span><span class=\"place\">")
        Self.writePlace(route.origin, route.link, to: &page)
        page.markup("</span>")
        for reason in route.reasons { page.element("<span class=\"why\">", reason, "</span>") }
        page.markup("</li>\n")
    }
}

/// What is around every page of the server's own.
enum PageFrame {
    static func begin(_ page: inout HTMLText, title: String, style: Asset) {
        page.markup("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")
        page.element("<title>", title, "</title>\n")
        page.markup("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<style>\n")
        page.markup(style)
        page.markup("</style></head>\n")
    }

    static func end(_ page: inout HTMLText) { page.markup("</body></html>\n") }
}

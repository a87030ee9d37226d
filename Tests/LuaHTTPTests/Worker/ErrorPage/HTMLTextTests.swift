// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

@Suite struct HTMLTextTests {
    @Test func textIsInertInElementsAndAttributes() {
        var page = HTMLText()
        page.element("<a href=\"", "\" onclick='x' <b>&amp;", "\">")
        #expect(page.text == "<a href=\"&#34; onclick=&#39;x&#39; &lt;b&gt;&amp;amp;\">")
    }

    @Test func controlCharactersAreShownAsPictures() {
        var page = HTMLText()
        page.text("a\u{0}b\u{1B}[c\u{7F}\td\ne")
        #expect(page.text == "a␀b␛[c␡\td\ne")
    }
}

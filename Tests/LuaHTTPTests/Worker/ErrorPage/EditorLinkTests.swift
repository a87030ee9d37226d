// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

@Suite struct EditorLinkTests {
    @Test func aNameOrAPatternMakesLinksToFilesThatAreThere() throws {
        let directory = TemporaryDirectory()
        directory.write("a b.lua", "x")
        let file = directory.path + "/a b.lua"
        let path = file.replacing(" ", with: "%20")
        let link = EditorLink("vscode")?.url(file: file, line: 12, column: 3)
        #expect(link?.hasPrefix("vscode://file/") == true)
        #expect(link?.hasSuffix("/a%20b.lua:12:3") == true)
        let own = EditorLink("my-editor://open?f={file}&l={line}")?.url(file: file, line: 7)
        #expect(own?.hasSuffix("/a%20b.lua&l=7") == true)
        #expect(EditorLink("vscode")?.url(file: path + "-not-there", line: 1) == nil)
    }

    @Test(arguments: [
        "", "vim", "javascript:alert('{file}')", "data:text/html,{file}", "{file}", "x y://{file}",
        "vscode://",
    ])
    func whatIsNoEditorIsRefused(text: String) { #expect(EditorLink(text) == nil) }
}

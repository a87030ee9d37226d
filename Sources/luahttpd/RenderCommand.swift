// SPDX-License-Identifier: MIT

import ArgumentParser
import LuaHTTP

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// `luahttpd render page.html`
struct RenderCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "render",
        abstract: "Render a template with given variables and print the page; exit code 1 if that fails.",
        discussion: """
            luahttpd render page.html --data vars.json
            luahttpd render "page.html#rows" --data vars.lua --undefined strict

            vars.lua is a script that returns a table; it may declare filters by require "luahttpd".
            """)

    @Argument(help: "Name of the template; name#block for one block of it.")
    var template: String

    @Option(
        help:
            "File with the variables: JSON, a Lua script that returns a table, or - for JSON on standard input.",
        completion: .file(extensions: ["json", "lua"]))
    var data: String?

    @Option(help: "Directory of the templates (default: templates).", completion: .directory)
    var templates: String?

    @Option(help: "What an undefined variable is.")
    var undefined = Undefined.lenient

    enum Undefined: String, ExpressibleByArgument, CaseIterable { case lenient, strict, chainable }

    @Flag(help: "Remove the line end after a tag.")
    var trimBlocks = false

    @Flag(help: "Remove blanks before a tag at the beginning of a line.")
    var lstripBlocks = false

    @Flag(name: .customLong("no-autoescape"), help: "Escape nothing.")
    var escapesNothing = false

    func run() throws {
        var page = StandalonePage()
        if let templates { page.directory = templates }
        page.undefined = .init(rawValue: undefined.rawValue) ?? .lenient
        page.trimsBlocks = trimBlocks
        page.stripsIndentation = lstripBlocks
        page.escapes = !escapesNothing
        page.log = { Report.note($0) }
        do throws(LoadError) {
            try page.render(template, data: variables) { StandardStreams.write($0, to: STDOUT_FILENO) }
        } catch {
            Report.failure(error.description)
            throw ExitCode.failure
        }
    }

    private var variables: StandalonePage.Data {
        guard let data else { return .none }
        return data.hasSuffix(".lua") ? .script(path: data) : .json(path: data)
    }
}

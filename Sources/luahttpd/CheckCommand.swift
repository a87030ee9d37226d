// SPDX-License-Identifier: MIT

import ArgumentParser
import LuaHTTP

/// `luahttpd check app.lua`
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Load an app and its templates without serving; exit code 1 if something is wrong.")

    @Argument(help: "The main script.", completion: .file(extensions: ["lua"]))
    var script: String

    func run() throws {
        do throws(LoadError) {
            var options = ServerOptions(script: script)
            try options.fill(from: Environment.variables)
            let app = try LoadedApp(options)
            for warning in options.doubts + app.warnings { Report.warning(warning) }
            print("\(script): \(app.routes.count) routes, \(app.templateCount) templates: all right")
        } catch {
            Report.failure(error.description)
            throw ExitCode.failure
        }
    }
}

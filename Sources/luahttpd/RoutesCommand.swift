// SPDX-License-Identifier: MIT

import ArgumentParser
import LuaHTTP

/// `luahttpd routes app.lua`
struct RoutesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "routes", abstract: "List the routes of an app and where they are defined.")

    @Argument(help: "The main script.", completion: .file(extensions: ["lua"]))
    var script: String

    func run() throws {
        do throws(LoadError) {
            let routes = try LoadedApp(ServerOptions(script: script)).routes
            let rows = routes.map { [$0.methods, $0.path, $0.name ?? "-", $0.origin] }
            TextTable.print([["METHOD", "PATH", "NAME", "DEFINED AT"]] + rows)
        } catch {
            Report.failure(error.description)
            throw ExitCode.failure
        }
    }
}

// SPDX-License-Identifier: MIT

import ArgumentParser
import LuaHTTP

/// `luahttpd config [app.lua]`
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Print every setting in force, and whether a flag, the environment or the app set it.")

    @Argument(help: "The main script; without one, the defaults.", completion: .file(extensions: ["lua"]))
    var script: String = ""

    @OptionGroup var flags: ServerFlags

    func run() throws {
        do throws(LoadError) {
            var options = flags.options(script: script)
            try options.fill(from: Environment.variables)
            let rows = try SettingsReport(options).rows.map { [$0.name, $0.value, $0.origin, $0.meaning] }
            TextTable.print([["SETTING", "VALUE", "SET BY", ""]] + rows)
        } catch {
            Report.failure(error.description)
            throw ExitCode.failure
        }
    }
}

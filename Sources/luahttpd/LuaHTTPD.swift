// SPDX-License-Identifier: MIT

import ArgumentParser
import LuaHTTP

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

@main
enum Program {
    /// Not async itself: the runtime of async code opens descriptors of its own before it comes to ours.
    static func main() {
        StandardStreams.ensureOpen()
        DescriptorLimit.raise()
        HeapRetention.bound()
        if let complaint = LuaHTTPD.complaint(about: CommandLine.arguments.dropFirst().first) {
            Report.failure(complaint)
            exit(EX_USAGE)
        }
        Task(executorPreference: MainThreadExecutor.shared) {
            await LuaHTTPD.main()
            exit(EXIT_SUCCESS)
        }
        MainThreadExecutor.shared.run()
    }
}

/// The command: `luahttpd app.lua` serves, subcommands look at an app without serving it.
struct LuaHTTPD: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "luahttpd",
        abstract: "Serves a web site whose routes are written in Lua.",
        discussion: """
            luahttpd app.lua            serve the app on http://127.0.0.1:8080/
            luahttpd check app.lua      load the app and its templates, and say what is wrong
            luahttpd routes app.lua     list the routes of the app
            luahttpd config app.lua     print the settings in force and where they come from
            luahttpd render page.html   render a template with given variables

            Settings: flags win over LUAHTTPD_HOST, _PORT, _WORKERS and the like (luahttpd config lists them), \
            these over app:config { … } in the script.
            """,
        version: "luahttpd \(LuaHTTPVersion.text) (\(LuaHTTPVersion.lua))",
        subcommands: [
            ServeCommand.self, CheckCommand.self, RoutesCommand.self, ConfigCommand.self, RenderCommand.self,
        ],
        defaultSubcommand: ServeCommand.self)

    /// "chek app.lua" would serve a script of that name.
    static func complaint(about word: String?) -> String? {
        let commands = configuration.subcommands.compactMap { $0.configuration.commandName } + ["help"]
        guard let word, !word.hasPrefix("-"), access(word, F_OK) != 0,
            let meant = ServerOptions.command(meantBy: word, among: commands)
        else { return nil }
        return "there is no file or command '\(word)' (did you mean '\(meant)'?)"
    }
}

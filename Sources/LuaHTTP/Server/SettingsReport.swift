// SPDX-License-Identifier: MIT

/// Every setting in force and where it comes from: what `luahttpd config` prints.
public struct SettingsReport: Sendable {
    public struct Row: Sendable {
        public let name: String
        public let value: String
        /// "default", "app:config", "flag" or the name of an environment variable.
        public let origin: String
        /// What a limit bounds and what a client gets; empty for other settings.
        public let meaning: String
    }

    public private(set) var rows: [Row] = []

    /// - Parameter options: an empty `script` stands for no app at all.
    /// - Throws: ``LoadError`` when the app does not load or a setting has no valid value.
    public init(_ options: ServerOptions) throws(LoadError) {
        let script = options.script.isEmpty ? ScriptSettings() : try LoadedApp(options).settings
        let settings = try ResolvedSettings(options, script)
        for (name, value, inScript) in settings.listed(script, options) {
            rows.append(
                Row(
                    name: name, value: value, origin: Self.origin(name, options, inScript: inScript),
                    meaning: ""))
        }
        for name in Limits.Name.allCases {
            rows.append(
                Row(
                    name: "limits." + name.rawValue, value: name.row.text(settings.limits[name]),
                    origin: script.limits[name] == nil ? "default" : "app:config", meaning: name.row.meaning))
        }
    }

    private static func origin(_ name: String, _ options: ServerOptions, inScript: Bool) -> String {
        if let source = options.origin(of: name) { return source }
        return inScript ? "app:config" : "default"
    }
}

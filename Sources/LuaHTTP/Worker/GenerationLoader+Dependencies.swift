// SPDX-License-Identifier: MIT

/// What an app is made of, as far as loading it shows.
extension GenerationLoader {
    /// `services` with the environment file, and with somebody who writes down what the script loads.
    func recordingServices(_ services: ScriptServices) throws(ScriptError) -> ScriptServices {
        var services = services
        services.record = record
        // A directory that is served has no script, and a `.env` in it is one of its files.
        guard !isFolder else { return services }
        record?.add(file: script)
        record?.add(file: root + "/" + EnvironmentFile.name)
        services.environment = try EnvironmentFile.load(beside: root)
        return services
    }

    /// Directories of static files: `app:static` makes two routes of each, this one and one for its index.
    func recordMounts(of definition: AppDefinition) {
        for route in definition.routes {
            guard case .files(let options) = route.target, let star = route.path.lastIndex(of: "*")
            else {
                continue
            }
            record?.add(
                DependencySet.Tree(
                    path: options.directory.hasPrefix("/")
                        ? options.directory : root + "/" + options.directory,
                    kind: .assets(prefix: String(route.path[..<star]))))
        }
    }
}

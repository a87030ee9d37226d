// SPDX-License-Identifier: MIT

internal import Logging

/// A generation that was loaded aside, and that no worker serves yet. Made on any thread; belongs to the loop of its
/// worker from the moment it is handed over.
struct PreparedGeneration {
    let generation: Generation
    let relay: ServiceRelay
    /// Of app.file: the directory of the script.
    let root: FileRoot

    /// - Parameters:
    ///   - logsLoading: what the script logs while it loads is heard; one of all workers says it.
    /// - Throws: ``ScriptError`` when the app does not load.
    init(
        loader: GenerationLoader, stores: SharedStores, functions: ScriptFunctions = ScriptFunctions(),
        logger: Logger, logsLoading: Bool = true
    ) throws(ScriptError) {
        relay = ServiceRelay(logger: logger, stores: stores, functions: functions, isSilent: !logsLoading)
        generation = try loader.load(services: relay.services)
        do throws(SystemError) {
            root = try FileRoot(path: loader.root)
        } catch {
            throw ScriptError(message: "cannot open \(loader.root): \(error)")
        }
        relay.isSilent = false
    }

    /// Passes from the thread that loaded it to the loop that will serve it.
    ///
    /// SAFETY: @unchecked: the maker keeps nothing of it, and only the loop that gets it opens it.
    struct Handover: @unchecked Sendable {
        let prepared: PreparedGeneration
    }
}

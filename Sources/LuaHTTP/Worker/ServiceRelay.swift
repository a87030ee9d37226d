// SPDX-License-Identifier: MIT

internal import Logging

/// Stands between a VM's scripts and its worker, which does not exist yet while the main script runs.
final class ServiceRelay {
    // SAFETY: the worker owns the VM whose scripts call this, so it is there as long as they are.
    // Not weak: that would make each retain of the worker take the slow path of its reference count.
    unowned(unsafe) var worker: Worker?
    /// Another relay says what the script logs.
    var isSilent: Bool
    private let logger: Logger
    private let stores: SharedStores
    private let functions: ScriptFunctions

    init(
        logger: Logger, stores: SharedStores, functions: ScriptFunctions = ScriptFunctions(),
        isSilent: Bool = false
    ) {
        self.logger = logger
        self.stores = stores
        self.functions = functions
        self.isSilent = isSilent
    }

    var services: ScriptServices {
        ScriptServices(
            log: { level, message, place in
                guard !self.isSilent else { return }
                let logger = self.worker?.logger ?? self.logger
                logger.log(
                    level: Logger.Level(rawValue: level == "warn" ? "warning" : level) ?? .info,
                    "\(place): \(LogText.line(message))")
            },
            sleep: { seconds throws(HostError) in
                guard let worker = self.worker else { throw .message("cannot wait while the app is loading") }
                try worker.sleep(seconds: seconds)
            },
            stores: stores,
            body: { call, stack throws(HostError) in
                guard let worker = self.worker else {
                    throw .message("there is no request while the app is loading")
                }
                return try worker.serve(call, on: stack)
            },
            tasks: { () throws(HostError) in
                guard let worker = self.worker else {
                    throw .message("no task can run while the app is loading: start it in a handler")
                }
                return worker
            },
            streams: { () throws(HostError) in
                guard let worker = self.worker else {
                    throw .message("there is no stream while the app loads")
                }
                return worker
            },
            loop: { () throws(HostError) in
                guard let worker = self.worker else {
                    throw .message("not while the app is loading: do it in a handler")
                }
                return worker
            },
            functions: functions)
    }
}

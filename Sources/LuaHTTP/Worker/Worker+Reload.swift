// SPDX-License-Identifier: MIT

internal import NIOCore

/// Reloading, as a worker sees it: one generation in the place of another, between two requests.
extension Worker {
    /// Seconds for the requests of a generation that is no longer in force.
    static let retirementDeadline: Int64 = 60

    /// Requests that begin from now on are served by `templates`; those under way end with what they began with.
    func replaceTemplates(by templates: TemplateSet) {
        generation.replaceTemplates(by: templates)
        forgetIdleRenderings()
    }

    /// Lets requests finish on `old`, which is no longer in force, and then lets go of it.
    func retire(_ old: Generation, endingRequests end: @escaping (Generation) -> Void) {
        let timer = loop.assumeIsolated().scheduleTask(in: .seconds(Self.retirementDeadline)) { end(old) }
        old.retire {
            timer.cancel()
            // In a turn of its own: the last request may still be at its end.
            self.soon { self.run(.unload, of: old, limit: Self.retirementDeadline) }
        }
    }

    /// Answers for a request whose generation has been out of force for too long.
    func endLate(_ task: RequestTask) {
        task.fail(
            with: RequestTask.Failure(
                status: 503,
                error: ScriptError(
                    message: "the app was reloaded, and this request of the old version was still not done"
                        + " after \(Self.retirementDeadline) s")))
    }
}

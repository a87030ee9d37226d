// SPDX-License-Identifier: MIT

/// Who still uses a generation, and what follows when nobody does. Each is an integer's cost for a request.
struct GenerationLife {
    /// Requests, and whatever else runs Lua code of the generation.
    fileprivate(set) var users = 0
    /// Goes up with each set of templates.
    fileprivate(set) var edition = 0
    /// Templates that were in force when requests under way began, by edition.
    fileprivate var earlier: [Int: TemplateSet] = [:]
    /// Called once when the last user has gone; set when the generation is no longer in force.
    fileprivate var onEnd: (() -> Void)?
    /// `earlier` or `onEnd` is there.
    fileprivate var hasPast = false
}

extension Generation {
    /// Somebody begins to run Lua code of it.
    func enter() { life.users &+= 1 }

    func leave() {
        life.users &-= 1
        if life.users == 0, life.hasPast { rest() }
    }

    private func rest() {
        life.earlier.removeAll()
        life.hasPast = false
        let end = life.onEnd
        life.onEnd = nil
        end?()
    }

    /// No longer in force: `onEnd` is called when the last user has gone, at once if there is none.
    func retire(_ onEnd: @escaping () -> Void) {
        life.onEnd = onEnd
        life.hasPast = true
        if life.users == 0 { rest() }
    }

    // MARK: Templates

    func replaceTemplates(by templates: TemplateSet) {
        if life.users > 0 {
            life.earlier[life.edition] = self.templates
            life.hasPast = true
            // Under load there is never nobody; what began this many saves ago gets what is in force.
            life.earlier[life.edition - Self.mostEarlierEditions] = nil
        }
        life.edition &+= 1
        self.templates = templates
    }

    private static let mostEarlierEditions = 100

    /// Those that were in force at `edition`.
    func templates(at edition: Int) -> TemplateSet {
        edition == life.edition ? templates : life.earlier[edition] ?? templates
    }
}

// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

/// From what changed to what is done.
struct ReloadPlanTests {
    static let nothing = FileChanges()
    static let script = FileChanges(scripts: ["app.lua"])
    static let template = FileChanges(templates: ["a.html"])
    static let both = FileChanges(scripts: ["app.lua"], templates: ["a.html"])
    static let style = FileChanges(stylesheets: ["/a.css"])

    static let cases: [(FileChanges, FileChanges?, ReloadPlan.Step)] = [
        (nothing, nil, .nothing), (style, nil, .nothing), (script, nil, .everything),
        (template, nil, .templates),
        (both, nil, .everything),
        // After a failure: as it was before it, as it failed, and something else.
        (nothing, script, .mended), (style, script, .mended), (script, nothing, .nothing),
        (script, style, .nothing),
        (script, script, .everything), (template, template, .templates), (template, nothing, .nothing),
    ]

    @Test(arguments: cases)
    func steps(changes: FileChanges, sinceFailure: FileChanges?, step: ReloadPlan.Step) {
        #expect(ReloadPlan(changes: changes, sinceFailure: sinceFailure, isForced: false).step == step)
        #expect(ReloadPlan(changes: changes, sinceFailure: sinceFailure, isForced: true).step == .everything)
    }

    @Test func whatChangedIsNamed() {
        var changes = Self.both
        changes.add("public/a.css", .asset(url: "/a.css"))
        changes.add("public/a.CSS", .asset(url: "/b.CSS"))
        changes.add("public/a.png", .asset(url: "/a.png"))
        let plan = ReloadPlan(changes: changes, sinceFailure: nil, isForced: false)
        #expect(plan.changed == ["app.lua", "a.html"])
        #expect(plan.stylesheets == ["/a.css", "/b.CSS"])
        #expect(plan.assets == ["/a.png"])
    }
}

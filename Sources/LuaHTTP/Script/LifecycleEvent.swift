// SPDX-License-Identifier: MIT

/// What happens to a version of an app, and what `app:on` names.
enum LifecycleEvent: CaseIterable, Sendable {
    /// It was loaded aside and is to be looked at before it serves; an error keeps it from serving.
    case check
    /// It serves, as the first since the server started.
    case start
    /// It serves, in the place of another.
    case reload
    /// It no longer serves, and its last request is done.
    case unload
    /// The server stops; no request is under way any more.
    case stop

    var name: StaticString {
        switch self {
        case .check: "check"
        case .start: "start"
        case .reload: "reload"
        case .unload: "unload"
        case .stop: "stop"
        }
    }

    /// The functions in the field `hooks` of the table at `definition`, by number. [-0, +0]
    static func hooks(
        takingFrom stack: LuaStack, definition: Int32, handlers: inout LuaRefTable
    ) -> [LifecycleEvent: [Int]] {
        let top = stack.top
        defer { stack.top = top }
        guard stack.getField("hooks", of: definition) == .table else { return [:] }
        var hooks: [LifecycleEvent: [Int]] = [:]
        for event in allCases {
            guard stack.getField(event.name, of: top + 1) == .table else {
                stack.pop()
                continue
            }
            stack.forEachElement(of: -1) {
                stack.pushCopy(of: -1)
                hooks[event, default: []].append(handlers.append(taking: stack))
            }
            stack.pop()
        }
        return hooks
    }
}

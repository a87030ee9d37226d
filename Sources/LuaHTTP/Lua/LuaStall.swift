// SPDX-License-Identifier: MIT

internal import CLua
internal import Synchronization

/// A turn that held up its event loop, as the watchdog of the process saw it.
struct LuaStall: Sendable, Equatable {
    /// "app.lua:12": the line that ran when it had lasted 50 ms, nil when that is not known (yet).
    var line: String?
    /// Whose turn it is: where its route is defined.
    var place: String?
    /// A function in C ran, called from that line: a pattern, a library.
    var isInC = false
    var milliseconds = 0
    /// False: it still runs.
    var hasEnded = true
    /// Stalls since the last one that was told.
    var omitted = 0

    /// For the log.
    var text: String {
        var text = line ?? place.map { "the handler at \($0)" } ?? "a handler"
        text +=
            hasEnded
            ? " held up its worker for \(milliseconds) ms"
            : " holds up its worker, for \(milliseconds) ms now"
        if isInC { text += line == nil ? ", inside a function in C" : ", in a function in C that it called" }
        if let line, let place, line != place { text += " (route at \(place))" }
        if omitted > 0 { text += "; \(omitted) more since the last line" }
        return text
    }

    private static let listener = Mutex<(@Sendable (LuaStall) -> Void)?>(nil)

    /// Has `report` called, from a thread of the watchdog, for stalls of this process: once a second at most.
    static func listen(_ report: (@Sendable (LuaStall) -> Void)?) {
        listener.withLock { $0 = report }
        lh_stall_listen { stall in
            guard let stall, let report = LuaStall.listener.withLock({ $0 }) else { return }
            report(LuaStall(stall.pointee))
        }
    }

    init(
        line: String? = nil, place: String? = nil, isInC: Bool = false, milliseconds: Int = 0,
        hasEnded: Bool = true, omitted: Int = 0
    ) {
        (self.line, self.place, self.isInC) = (line, place, isInC)
        (self.milliseconds, self.hasEnded, self.omitted) = (milliseconds, hasEnded, omitted)
    }

    private init(_ stall: lh_stall) {
        self.init(
            line: stall.line > 0 ? "\(String(cString: stall.source)):\(stall.line)" : nil,
            place: stall.place.flatMap { $0.pointee == 0 ? nil : String(cString: $0) },
            isInC: stall.in_c, milliseconds: Int(stall.milliseconds), hasEnded: stall.ended,
            omitted: Int(stall.omitted))
    }
}

// SPDX-License-Identifier: MIT

/// `app:every`, `app:after_delay` and `app:cron` as a script declared them. When they run is their worker's
/// business.
struct TimerDefinition {
    enum When {
        /// Nanoseconds.
        case every(UInt64)
        case after(UInt64)
        case cron(CronSchedule, TimeZoneRules)
    }

    var when: When
    /// Number of the function.
    var handler: Int
    /// "app:every at app.lua:12".
    var name: String
    var overlaps: Bool
    var perWorker: Bool

    /// Reads the table on top of `stack`; the caller pops it. Nil for one that has not been checked.
    init?(takingFrom stack: LuaStack, handlers: inout LuaRefTable) {
        let table = stack.absolute(-1)
        defer { stack.top = table }
        if stack.getField("every", of: table) == .number {
            when = .every(Self.nanoseconds(stack.number(at: -1)))
        } else if stack.getField("after", of: table) == .number {
            when = .after(Self.nanoseconds(stack.number(at: -1)))
        } else {
            guard let text = stack.stringField("cron", of: table), let schedule = try? CronSchedule(text),
                let zone = ZoneFiles.rules(named: stack.stringField("tz", of: table) ?? "local")
            else { return nil }
            when = .cron(schedule, zone)
        }
        let origin = stack.stringField("where", of: table) ?? "?"
        name = "\(stack.stringField("name", of: table) ?? "timer") at \(origin)"
        stack.getField("overlap", of: table)
        overlaps = stack.isTrue(at: -1)
        stack.getField("per_worker", of: table)
        perWorker = stack.isTrue(at: -1)
        stack.getField("fn", of: table)
        handler = handlers.append(taking: stack)
    }

    private static func nanoseconds(_ seconds: Double?) -> UInt64 {
        UInt64(exactly: ((seconds ?? 0) * 1e9).rounded()) ?? .max
    }
}

enum TimerModule {
    /// check_cron(expression, zone) → message, or nil when both are good
    static func checkCron() -> HostFunction {
        HostFunction("app:cron") { stack throws(HostError) in
            let expression = stack.string(at: 1) ?? ""
            let zone = stack.string(at: 2) ?? ""
            do throws(CronSchedule.Mistake) {
                _ = try CronSchedule(expression)
                if ZoneFiles.rules(named: zone) == nil {
                    stack.push(
                        "app:cron: unknown time zone \"\(zone)\": \"local\", \"UTC\" or a name of the system's"
                            + " zoneinfo, such as \"Europe/Berlin\"")
                } else {
                    stack.pushNil()
                }
            } catch {
                stack.push("app:cron(\"\(expression)\"): \(error.text)")
            }
            return .results(1)
        }
    }
}

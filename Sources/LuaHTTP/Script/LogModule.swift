// SPDX-License-Identifier: MIT

/// `app.log` and `print`: lines with the place that wrote them.
enum LogModule {
    /// log(level, message, place)
    static func log(_ services: ScriptServices) -> HostFunction {
        HostFunction("app.log") { stack throws(HostError) in
            services.log(
                stack.string(at: 1) ?? "info", stack.string(at: 2) ?? "", stack.string(at: 3) ?? "")
            return .results(0)
        }
    }
}

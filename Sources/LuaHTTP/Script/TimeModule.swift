// SPDX-License-Identifier: MIT

/// `app.sleep`: waiting for time to pass, without holding anyone up.
enum TimeModule {
    /// A year: long enough for anyone, and far from overflow in nanoseconds.
    private static let longest = 31_536_000.0

    /// sleep(seconds)
    static func sleep(_ services: ScriptServices) -> HostFunction {
        HostFunction("app.sleep", waits: true) { stack throws(HostError) in
            guard let seconds = stack.number(at: 1), seconds >= 0, seconds <= longest else {
                throw .message("app.sleep expects a number of seconds from 0 to a year")
            }
            try services.sleep(seconds)
            return .await
        }
    }
}

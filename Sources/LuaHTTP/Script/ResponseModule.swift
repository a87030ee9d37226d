// SPDX-License-Identifier: MIT

/// What is wrong with a response, before it is sent: so that who made the mistake is named, a hook for instance.
enum ResponseModule {
    /// mistake(response) → what is wrong with it, or nil
    static func mistake() -> HostFunction {
        HostFunction("response") { stack throws(HostError) in
            var fields = HeaderBlock()
            let reader = AnswerReader(stack: stack, generation: nil, defaultStatus: 200, isSecure: true)
            do throws(AnswerMistake) {
                _ = try reader.readResponse(at: 1, into: &fields)
                stack.pushNil()
            } catch {
                stack.push(error.text)
            }
            return .results(1)
        }
    }
}

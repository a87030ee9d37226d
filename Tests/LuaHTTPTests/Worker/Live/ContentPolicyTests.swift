// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

/// What an app's policy becomes so that the script and the stream of development get through, and only they.
@Suite struct ContentPolicyTests {
    private func admit(_ lines: String...) -> (lines: [String], nonce: String?) {
        var policy = ContentPolicy(
            scheme: "http", host: "localhost:8080", scriptPath: "/live.js", streamPath: "/live", nonce: "OWN")
        let lines = lines.map { policy.admit(in: $0) }
        return (lines, policy.nonce)
    }

    private static let js = "http://localhost:8080/live.js"
    private static let stream = "http://localhost:8080/live"

    @Test(arguments: [
        "default-src 'self'", "script-src 'self'; connect-src 'self'", "img-src 'none'", "", "default-src *",
        "default-src http:", "script-src 'self' 'unsafe-inline'",
        "default-src 'none'; script-src 'self'; connect-src 'self'",
        "frame-ancestors 'none'", "DEFAULT-SRC 'SELF'",
    ])
    func aPolicyThatAdmitsThemStaysAsItIs(policy: String) {
        let admitted = admit(policy)
        #expect(admitted.lines == [policy])
        #expect(admitted.nonce == nil)
    }

    @Test(arguments: [
        (
            "default-src 'none'",
            "default-src 'none'; script-src-elem \(js); connect-src \(stream)"
        ),
        (
            "script-src 'sha256-abc='; connect-src 'self'",
            "script-src 'sha256-abc='; connect-src 'self'; script-src-elem 'sha256-abc=' \(js)"
        ),
        (
            "script-src 'self'; connect-src https://api.example",
            "script-src 'self'; connect-src https://api.example \(stream)"
        ),
        ("script-src-elem https://cdn.example", "script-src-elem https://cdn.example \(js)"),
        (
            "default-src https:",
            "default-src https:; script-src-elem https: \(js); connect-src https: \(stream)"
        ),
        ("script-src 'none' ; script-src 'self'", "script-src 'none'; script-src-elem \(js)"),
    ])
    func whatIsMissingIsAddedAndNothingElse(policy: String, expected: String) {
        let admitted = admit(policy)
        #expect(admitted.lines == [expected])
        #expect(admitted.nonce == nil)
    }

    @Test func theNonceOfThePageServesTheTagToo() {
        let admitted = admit("script-src 'nonce-r4nd0m+/=' 'strict-dynamic'; connect-src 'self'")
        #expect(admitted.nonce == "r4nd0m+/=")
        #expect(admitted.lines == ["script-src 'nonce-r4nd0m+/=' 'strict-dynamic'; connect-src 'self'"])
    }

    @Test func hashesWithStrictDynamicGetANonceOfOurOwn() {
        let admitted = admit("script-src 'sha256-abc=' 'strict-dynamic'")
        #expect(admitted.nonce == "OWN")
        #expect(
            admitted.lines == [
                "script-src 'sha256-abc=' 'strict-dynamic'; script-src-elem 'sha256-abc=' 'strict-dynamic' 'nonce-OWN'"
            ])
    }

    @Test func severalPoliciesHoldAllAtOnce() {
        let admitted = admit("script-src 'nonce-a', script-src 'nonce-b'", "default-src 'self'")
        #expect(admitted.nonce == "a")
        #expect(
            admitted.lines == [
                "script-src 'nonce-a',script-src 'nonce-b'; script-src-elem 'nonce-b' 'nonce-a'",
                "default-src 'self'",
            ])
    }

    @Test(arguments: ["", "a;b", "a,b", "a'b"])
    func aHostThatIsNoSourceIsSelf(host: String) {
        var policy = ContentPolicy(
            scheme: "http", host: host, scriptPath: "/live.js", streamPath: "/live", nonce: "OWN")
        #expect(policy.admit(in: "script-src 'none'") == "script-src 'none'; script-src-elem 'self'")
    }

    @Test func aNonceThatWouldBreakOutOfTheTagIsNotTaken() {
        #expect(admit("script-src 'nonce-\"><script>'").nonce == nil)
    }
}

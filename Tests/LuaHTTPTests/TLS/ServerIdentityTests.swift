// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct ServerIdentityTests {
    @Test(
        arguments: [
            (784_111_776, "a.pem: the certificate is not valid before Sun, 06 Nov 1994 08:49:37 GMT"),
            (784_111_777, nil), (784_111_800, nil),
            (784_111_801, "a.pem: the certificate has expired: Sun, 06 Nov 1994 08:50:00 GMT"),
        ] as [(Int64, String?)])
    func whatIsOutOfItsTimeIsTold(_ now: Int64, _ expected: String?) {
        #expect(ServerIdentity.fault("a.pem", 784_111_777...784_111_800, at: now) == expected)
    }

    @Test func aCertificateThatIsMadeNowIsValidNow() throws {
        let made = try SelfSignedCertificate(names: ["localhost"])
        let period = try #require(made.identity.period)
        #expect(period.contains(Clock.seconds()))
    }
}

// SPDX-License-Identifier: MIT

import NIOSSL
import Testing

@testable import LuaHTTP

struct SelfSignedCertificateTests {
    @Test func itIsGoodForItsNamesOnly() throws {
        let made = try SelfSignedCertificate(names: ["localhost", "127.0.0.1", "::1"])
        #expect(made.identity.names == ["localhost"])
        #expect(made.fingerprint.split(separator: ":").count == 32)
        let certificate = try #require(made.identity.chain.first)
        #expect(certificate.notValidAfter > certificate.notValidBefore)
    }

    @Test func eachIsAnother() throws {
        let first = try SelfSignedCertificate(names: ["localhost"])
        let second = try SelfSignedCertificate(names: ["localhost"])
        #expect(first.fingerprint != second.fingerprint)
    }
}

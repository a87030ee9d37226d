// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct IdentityChoiceTests {
    private let choice = IdentityChoice([
        ["a.test", "www.a.test"], ["*.b.test", "b.test"], ["c.b.test", "A.test"],
    ])

    @Test(
        arguments: [
            ("a.test", 0), ("A.TEST", 0), ("a.test.", 0), ("www.a.test", 0), ("b.test", 1), ("x.b.test", 1),
            ("c.b.test", 2),
            ("x.y.b.test", 0), (".b.test", 0), ("nobody", 0), ("", 0), ("b.test.evil", 0), (nil, 0),
        ] as [(String?, Int)])
    func theCertificateOfTheName(_ name: String?, _ expected: Int) {
        #expect(choice.index(for: name) == expected)
    }
}

// SPDX-License-Identifier: MIT

import NIOHPACK
import Testing

@testable import LuaHTTP

struct HTTP2ResponseHeadTests {
    private func block(
        _ heads: HTTP2ResponseHeads, _ lines: String, status: Int = 200, length: Int? = 3,
        isEncrypted: Bool = false,
        now: Int64 = 784_887_151
    ) -> [String] {
        Array(lines.utf8).withUnsafeBytes {
            heads.block(status: status, lines: $0, length: length, isEncrypted: isEncrypted, now: now)
        }.map { "\($0.name)=\($0.value)" }
    }

    private let date = "date=Tue, 15 Nov 1994 08:12:31 GMT"

    @Test func linesBecomeFields() {
        let heads = HTTP2ResponseHeads(strictTransport: nil)
        let lines =
            "Content-Type: text/plain\r\nX-Empty: \r\nX-Colon: a: b\r\nKeep-Alive: 1\r\nUpgrade: x\r\n"
        let expected = [
            ":status=200", date, "content-length=3", "content-type=text/plain", "x-empty=", "x-colon=a: b",
        ]
        #expect(block(heads, lines) == expected)
        #expect(block(heads, lines) == expected)
    }

    @Test func whatIsKeptIsNotTakenForAnother() {
        let heads = HTTP2ResponseHeads(strictTransport: nil)
        for round in 0..<3 {
            for index in 0..<20 {
                let found = block(
                    heads, "X: \(index)\r\n", status: 200 + index % 3, length: index % 2,
                    now: 784_887_151 + Int64(round))
                #expect(found.last == "x=\(index)")
                #expect(found[0] == ":status=\(200 + index % 3)")
                #expect(found[2] == "content-length=\(index % 2)")
            }
        }
    }

    @Test func onlyEncryptedAnswersAskForEncryption() {
        let heads = HTTP2ResponseHeads(strictTransport: "max-age=1")
        let strict = "strict-transport-security=max-age=1"
        for _ in 0..<2 {
            #expect(block(heads, "", length: nil) == [":status=200", date])
            #expect(block(heads, "", length: nil, isEncrypted: true) == [":status=200", date, strict])
        }
    }

    @Test func linesThatAreNoneAreLeftOut() {
        let heads = HTTP2ResponseHeads(strictTransport: nil)
        #expect(
            block(heads, "no colon\r\n: no name\r\nA B: c\r\nX\u{E9}: d\r\n\r\n", length: nil) == [
                ":status=200", date,
            ])
    }

    @Test func secretsAreNotIndexed() {
        let heads = HTTP2ResponseHeads(strictTransport: nil)
        let found = Array("Set-Cookie: a=b\r\nETag: \"x\"\r\n".utf8).withUnsafeBytes {
            heads.block(status: 200, lines: $0, length: nil, isEncrypted: false)
        }
        #expect(
            found.map(\.indexable.description).suffix(2) == [
                HPACKIndexing.neverIndexed.description, HPACKIndexing.nonIndexable.description,
            ])
    }
}

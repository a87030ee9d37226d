// SPDX-License-Identifier: MIT

import Foundation
import Testing

/// Examples/Embedding: a program with the server in it.
struct EmbeddingTests {
    @Test func scriptsCallFunctionsOfTheProgram() throws {
        let example = Project.binary.deletingLastPathComponent().appending(path: "embedding-example")
        // LUAHTTPD_BINARY names a program that was built elsewhere, without the example.
        guard FileManager.default.isExecutableFile(atPath: example.path) else { return }
        let command = try Command(["0"], executable: example)
        let port: UInt16 = try command.wait(for: "address") {
            command.errors.firstMatch(of: /:(\d+)\/middle/).flatMap { UInt16($0.1) }
        }
        func request(_ method: String, _ target: String, _ body: String? = nil) throws -> Response {
            let connection = try Connection(port: port)
            try connection.send(Connection.bytes(of: method, target, body: body))
            return try connection.response()
        }
        try #expect(request("GET", "/places/Berlin").text == "[52.5,13.4]")
        try #expect(request("GET", "/middle/Berlin/Lisbon").text.hasPrefix("[45.6,2.15"))
        let missing = try request("GET", "/places/Atlantis")
        #expect(missing.status == 404)
        #expect(missing.text.contains("no such place: Atlantis"))
        try #expect(request("PUT", "/places/Atlantis", "[31, -24]").status == 204)
        try #expect(request("GET", "/places/Atlantis").text == "[31.0,-24.0]")
        let mistakes = try request("GET", "/mistake").text
        #expect(mistakes.contains("bad argument #1 to 'geo.lookup' (a string expected, got a number); "))
        #expect(mistakes.contains("geo.middle: a place has two coordinates"))
    }
}

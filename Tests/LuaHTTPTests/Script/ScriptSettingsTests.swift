// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

/// What `app:config` sets, and what it refuses.
struct ScriptSettingsTests {
    private func settings(_ config: String) throws -> ScriptSettings {
        let fixture = try ScriptFixture()
        #expect(fixture.run("app:config \(config)") == "")
        return try fixture.definition().settings
    }

    private func complaint(_ config: String) throws -> String? {
        do {
            _ = try settings(config)
            return nil
        } catch let error as ScriptError {
            return error.message
        }
    }

    @Test func everySettingIsRead() throws {
        var expected = ScriptSettings()
        #expect(try settings("{}") == expected)
        expected.host = "0.0.0.0"
        expected.port = 8081
        expected.workers = 2
        expected.templates = "pages"
        expected.logLevel = "debug"
        expected.accessLog = false
        expected.undefined = "strict"
        expected.bodyLimit = 1 << 20
        expected.memoryLimit = 64 << 20
        expected.headLimit = 8192
        expected.targetLimit = 2000
        expected.fieldCountLimit = 50
        #expect(
            try settings(
                """
                { host = "0.0.0.0", port = 8081, workers = 2, templates = "pages", log_level = "debug",
                  access_log = false, undefined = "strict",
                  limits = { body = "1MiB", memory = "64 MiB", head = 8192, target = "2k", fields = 50 } }
                """) == expected)
    }

    @Test(arguments: [
        ("{ port = 65536 }", "app:config: port must be a whole number from 0 to 65535"),
        ("{ port = -1 }", "app:config: port must be a whole number from 0 to 65535"),
        ("{ port = 80.5 }", "app:config: port must be a whole number from 0 to 65535"),
        ("{ workers = 0 }", "app:config: workers must be a whole number from 1 to 1024"),
        ("{ workers = math.mininteger }", "app:config: workers must be a whole number from 1 to 1024"),
        ("{ undefined = 'x' }", "app:config: undefined = \"x\": must be lenient, strict or chainable"),
        (
            "{ limits = { body = '8 gallons' } }",
            "app:config: limits.body must be a number of bytes or a size such as \"8MiB\""
        ),
        (
            "{ limits = { memory = -1 } }",
            "app:config: limits.memory must be a number of bytes or a size such as \"8MiB\""
        ),
        (
            "{ limits = { head = {} } }",
            "app:config: limits.head must be a number of bytes or a size such as \"8MiB\""
        ),
        ("{ limits = { fields = 0 } }", "app:config: limits.fields must be a whole number from 1 to 65535"),
        ("{ limits = { head = '17MiB' } }", "app:config: limits.head must be at most 16 MiB"),
        ("{ limits = { target = '1GiB' } }", "app:config: limits.target must be at most 16 MiB"),
        ("{ log_level = 'loud' }", "app:config: log_level = \"loud\": must be debug, info, warn or error"),
    ]) func valuesOutOfRangeAreRefused(_ config: String, _ message: String) throws {
        #expect(try complaint(config) == message)
    }

    @Test func sizes() {
        let sizes: [(String, Int?)] = [
            ("1", 1), ("1024", 1024), ("10B", 10), ("2k", 2000), ("2KB", 2000), ("64KiB", 65536),
            ("8 MiB", 8 << 20),
            ("3M", 3_000_000), ("1GiB", 1 << 30), ("2g", 2_000_000_000), ("1024GiB", 1 << 40),
            ("", nil), ("0", nil), ("-1", nil), ("1.5MiB", nil), ("MiB", nil), ("8TiB", nil),
            ("1025GiB", nil),
            ("99999999999999999999", nil), ("9223372036854775807GiB", nil), ("8MiB ", nil), ("٣", nil),
            (" 8", nil),
        ]
        for (text, bytes) in sizes { #expect(ByteSize.parse(text) == bytes, "\(text)") }
    }

    @Test func requestIdentifiersAre32DigitsAndDiffer() {
        let identifiers = (0..<100).map { _ in RequestIdentifier.make() }
        #expect(Set(identifiers).count == 100)
        for each in identifiers {
            #expect(each.utf8.count == 32)
            #expect(each.allSatisfy { $0.isHexDigit && !$0.isUppercase })
        }
    }
}

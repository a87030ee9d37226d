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
        expected.accessLogFormat = "json"
        expected.accessLogFile = "access.log"
        expected.metrics = ":9090"
        expected.readiness = "/ready"
        expected.stopDelay = 5000
        expected.compresses = true
        expected.compressionLevel = 9
        expected.compressionLeast = 4096
        expected.tags = false
        expected.limits = [
            .bodyBytes: 1 << 20, .vmMemory: 64 << 20, .headerBytes: 8192, .requestLine: 2000, .fieldCount: 50,
            .headTime: 5000, .idleTime: 90_000, .writeStall: 1500, .connections: 100,
        ]
        #expect(
            try settings(
                """
                { host = "0.0.0.0", port = 8081, workers = 2, templates = "pages", log_level = "debug",
                  access_log = false, undefined = "strict", access_log_format = "json",
                  access_log_file = "access.log", metrics = ":9090", ready = "/ready", stop_delay = "5s",
                  compress = { level = 9, min = "4KiB" }, etag = false,
                  limits = { body = "1MiB", vm_memory = "64 MiB", head = 8192, target = "2k", fields = 50,
                             head_time = 5, idle_time = "1.5m", write_stall = "1500ms", connections = 100 } }
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
            "{ access_log_format = 'xml' }",
            "app:config: access_log_format = \"xml\": must be short, common, combined or json"
        ),
        ("{ ready = 'ready' }", "app:config: ready must be a path such as \"/ready\""),
        ("{ stop_delay = '2h' }", "app:config: stop_delay must be a time up to an hour, such as \"5s\""),
        ("{ compress = { level = 0 } }", "app:config: compress: level must be a whole number from 1 to 9"),
        ("{ compress = { level = 'x' } }", "app:config: compress: level must be a whole number from 1 to 9"),
        ("{ compress = { min = 'x' } }", "app:config: compress: min must be a size such as \"2KiB\""),
        ("{ compress = { max = 1 } }", "app:config: compress: unknown option 'max'; options are level, min"),
        ("{ log_level = 'loud' }", "app:config: log_level = \"loud\": must be debug, info, warn or error"),
    ]) func valuesOutOfRangeAreRefused(_ config: String, _ message: String) throws {
        #expect(try complaint(config) == message)
    }

    /// At the author's line, where they are set.
    @Test(arguments: [
        (
            "{ body = '8 gallons' }",
            "limits.body must be a number of bytes or a size such as \"8MiB\", from 1 to 1024GiB"
        ),
        (
            "{ vm_memory = -1 }",
            "limits.vm_memory must be a number of bytes or a size such as \"8MiB\", from 1MiB to 1024GiB"
        ),
        (
            "{ head = {} }",
            "limits.head must be a number of bytes or a size such as \"8MiB\", from 64 to 16MiB"
        ),
        (
            "{ head = '17MiB' }",
            "limits.head must be a number of bytes or a size such as \"8MiB\", from 64 to 16MiB"
        ),
        ("{ fields = 0 }", "limits.fields must be a whole number from 1 to 65535"),
        ("{ fields = 1.5 }", "limits.fields must be a whole number from 1 to 65535"),
        ("{ connections = math.maxinteger }", "limits.connections must be a whole number from 1 to 10000000"),
        ("{ head_time = 0 }", "limits.head_time must be seconds or a time such as \"10s\", from 500ms to 1d"),
        (
            "{ idle_time = 0/0 }",
            "limits.idle_time must be seconds or a time such as \"10s\", from 500ms to 1d"
        ),
        (
            "{ idle_time = math.huge }",
            "limits.idle_time must be seconds or a time such as \"10s\", from 500ms to 1d"
        ),
        ("{ bodi = 1 }", "unknown limit 'bodi' (did you mean 'body'?)"),
    ]) func limitsOutOfRangeAreRefused(_ limits: String, _ message: String) throws {
        let fixture = try ScriptFixture()
        #expect(fixture.run("\napp:config { limits = \(limits) }") == "app.lua:2: " + message)
    }

    @Test func limitsOfSeveralConfigsAddUp() throws {
        let fixture = try ScriptFixture()
        #expect(
            fixture.run(
                "app:config { limits = { body = 1, fields = 2 } } app:config { limits = { body = 3 } }") == ""
        )
        #expect(try fixture.definition().settings.limits == [.bodyBytes: 3, .fieldCount: 2])
    }

    @Test func aRouteHasOnlyLimitsOfItsOwn() throws {
        let fixture = try ScriptFixture()
        #expect(
            fixture.run("app:get('/', { limits = { head = '1KiB' } }, print)")
                == "app.lua:1: limits.head is for the whole server: set it by app:config { limits = { … } }")
        #expect(fixture.run("app:get('/a', { limits = { body = '1KiB' } }, print)") == "")
    }

    @Test func timeSpans() {
        let spans: [(String, Int?)] = [
            ("10", 10_000), ("0.5", 500), ("10s", 10_000), ("500ms", 500), ("2m", 120_000), ("1h", 3_600_000),
            ("1.5 h", 5_400_000), ("30d", 30 * 86_400_000), ("0", 0), ("", nil), ("-1", nil), ("s", nil),
            ("10 seconds", nil), ("1e3", nil), ("401d", nil), ("99999999999999999999999d", nil),
            ("1.2.3s", nil),
            (".5", nil),
        ]
        for (text, milliseconds) in spans { #expect(TimeSpan.parse(text) == milliseconds, "\(text)") }
        for (milliseconds, text) in [
            (500, "500ms"), (10_000, "10s"), (90_000, "90s"), (60_000, "1m"), (0, "0ms"),
        ] {
            #expect(TimeSpan.text(milliseconds) == text)
        }
    }

    @Test func sizes() {
        let sizes: [(String, Int?)] = [
            ("1", 1), ("1024", 1024), ("10B", 10), ("2k", 2000), ("2KB", 2000), ("64KiB", 65536),
            ("8 MiB", 8 << 20),
            ("3M", 3_000_000), ("1GiB", 1 << 30), ("2g", 2_000_000_000), ("1024GiB", 1 << 40),
            ("", nil), ("0", 0), ("-1", nil), ("1.5MiB", nil), ("MiB", nil), ("8TiB", nil),
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

// SPDX-License-Identifier: MIT

import NIOCore
import NIOEmbedded
import Testing

@testable import LuaHTTP

@Suite struct ScriptTimersTests {
    private func site(_ declarations: String) throws -> InMemorySite {
        try InMemorySite(
            "local app = require 'luahttpd'\nruns = 0\nlocal function count() runs = runs + 1 end\n"
                + declarations)
    }

    private func runs(_ site: InMemorySite, after seconds: Double) throws -> String? {
        site.channel.embeddedEventLoop.advanceTime(by: .nanoseconds(Int64(seconds * 1e9)))
        return try site.global("runs")
    }

    @Test func everyRunsAgainAndAgain() throws {
        let site = try site("app:every(2, count)")
        #expect(try runs(site, after: 1.9) == "0")
        #expect(try runs(site, after: 0.1) == "1")
        #expect(try runs(site, after: 2) == "2")
        #expect(try runs(site, after: 2) == "3")
    }

    @Test func afterDelayRunsOnce() throws {
        let site = try site("app:after_delay(2, count) app:after_delay(0, count)")
        #expect(try runs(site, after: 0) == "1")
        #expect(try runs(site, after: 2) == "2")
        #expect(try runs(site, after: 100) == "2")
        #expect(site.worker.timers.count == 0)
    }

    @Test func aRunThatLastsIsNotOverlapped() throws {
        let site = try site("app:every(1, function() count() app.sleep(2.5) end)")
        for second in 1...5 { _ = try runs(site, after: 1); _ = second }
        #expect(try runs(site, after: 0) == "2", "at 1 and at 4")
        #expect(site.log.lines.contains { $0.contains("app:every at") && $0.contains("skipped") })
        let overlapping = try self.site(
            "app:every(1, function() count() app.sleep(2.5) end, { overlap = true })")
        for _ in 1...5 { _ = try runs(overlapping, after: 1) }
        #expect(try runs(overlapping, after: 0) == "5")
    }

    @Test func errorsAreLoggedAndTheTimerGoesOn() throws {
        let site = try site("app:every(1, function() count() error('no tea') end)")
        _ = try runs(site, after: 1)
        #expect(try runs(site, after: 1) == "2")
        let lines = site.log.lines.filter { $0.contains("no tea") }
        #expect(lines.count == 2)
        #expect(lines.first?.contains("app:every at") == true)
        #expect(lines.first?.contains("app.lua:4") == true)
    }

    @Test func cronGoesByTheClockOnTheWall() throws {
        let site = try InMemorySite(
            "runs = 0 require('luahttpd'):cron('30 3 * * *', function() runs = runs + 1 end, { tz = 'UTC' })",
            wallClock: 1_767_225_600)  // 2026-01-01 00:00
        for _ in 0..<3 { _ = try runs(site, after: 3600) }
        #expect(try runs(site, after: 1799) == "0")
        #expect(try runs(site, after: 1) == "1")
        for _ in 0..<23 { _ = try runs(site, after: 3600) }
        #expect(try runs(site, after: 3599) == "1")
        #expect(try runs(site, after: 1) == "2")
    }

    @Test func timersRunOnOneWorkerUnlessTheySayOtherwise() throws {
        let site = try InMemorySite(
            """
            runs = 0
            local app = require 'luahttpd'
            app:every(1, function() runs = runs + 1 end)
            app:every(1, function() runs = runs + 10 end, { per_worker = true })
            """, isFirst: false)
        #expect(try runs(site, after: 1) == "10")
    }

    @Test func stoppedTimersRunNoMore() throws {
        let site = try site("app:every(1, count)")
        _ = try runs(site, after: 1)
        site.worker.generation.stopTimers()
        #expect(try runs(site, after: 10) == "1")
        #expect(site.worker.timers.count == 0)
        site.worker.generation.startTimers(on: site.worker)
        #expect(try runs(site, after: 1) == "2")
    }

    @Test(arguments: [
        ("app:every(0, count)", "app:every expects a number of seconds from 0.01 to a year"),
        ("app:every('1', count)", "not a string"),
        ("app:every(1)", "the function of app:every must be a function"),
        ("app:every(1, count, { overlp = true })", "did you mean 'overlap'?"),
        ("app:every(1, count, { tz = 'UTC' })", "unknown option 'tz'"),
        ("app:cron('61 * * * *', count)", "app:cron(\"61 * * * *\"): minute '61'"),
        ("app:cron('* * * * *', count, { tz = 'No/Where' })", "unknown time zone \"No/Where\""),
        ("app:cron(5, count)", "app:cron expects an expression"),
        (
            "app:group('/a', function(g) g:every(1, count) end)",
            "app:every belongs to the app, not to a group"
        ),
    ]) func mistakesAreFoundAtLoad(_ source: String, _ reason: String) {
        do {
            _ = try site(source)
            Issue.record("\(source) was taken")
        } catch {
            let error = error as? ScriptError
            #expect(error?.message.contains(reason) == true, "\(error?.message ?? "?")")
            #expect(error?.line == 4)
        }
    }

    @Test func aHandlerIsTooLateForATimer() throws {
        let site = try site("app:get('/', function() app:every(1, count) end)")
        #expect(try site.get("/").contains("app:every belongs into the main script"))
    }
}

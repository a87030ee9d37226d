// SPDX-License-Identifier: MIT

import Foundation
import Testing

@testable import LuaHTTP

@Suite struct TimeZoneRulesTests {
    /// Against the rules of the system, over sixty years.
    @Test(arguments: [
        "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca",
        "Pacific/Apia", "America/Sao_Paulo", "Europe/Dublin", "Antarctica/Troll", "Etc/GMT+5",
    ]) func filesOfTheSystemAreUnderstood(_ name: String) throws {
        guard let zone = TimeZone(identifier: name), let rules = ZoneFiles.rules(named: name) else { return }
        for time in stride(from: 0, to: 60 * 365 * 86_400, by: 86_400 * 3 + 3607) {
            #expect(
                rules.offset(at: time) == zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(time))),
                "\(name) at \(time)")
        }
    }

    @Test func theCivilCalendarAgreesWithFoundation() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(secondsFromGMT: 0))
        for time in stride(from: -30_000_000_000, to: 30_000_000_000, by: 86_400 * 1009 + 7)
        where time > -12_000_000_000 {
            let date = Date(timeIntervalSince1970: Double(time))
            let parts = calendar.dateComponents(
                [.year, .month, .day, .hour, .minute, .second, .weekday], from: date)
            let civil = CivilTime(seconds: time)
            #expect(civil.year == parts.year && civil.month == parts.month && civil.day == parts.day)
            #expect(civil.hour == parts.hour && civil.minute == parts.minute && civil.second == parts.second)
            #expect(CivilTime.weekday(seconds: time) + 1 == parts.weekday)
            #expect(CivilTime.day(civil.year, civil.month, civil.day) == CivilTime.floorDivide(time, 86_400))
        }
    }

    @Test func rulesByPosixAreUnderstood() throws {
        let newYork = try #require(TimeZoneRules(posix: "EST5EDT,M3.2.0,M11.1.0"))
        #expect(newYork.offset(at: 1_767_225_600) == -5 * 3600)  // 2026-01-01
        #expect(newYork.offset(at: 1_782_864_000) == -4 * 3600)  // 2026-07-01
        let south = try #require(TimeZoneRules(posix: "<-03>3<-02>,J290/0,J50/0"))
        #expect(south.offset(at: 1_767_225_600) == -2 * 3600)
        #expect(south.offset(at: 1_782_864_000) == -3 * 3600)
        let plain = try #require(TimeZoneRules(posix: "<+0545>-5:45"))
        #expect(plain.offset(at: 0) == 20_700)
    }

    @Test(arguments: [
        "", "X", "CET", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,J0,J366",
        "<+03", "CET-9999",
    ])
    func whatIsNoRuleIsRefused(_ text: String) {
        #expect(TimeZoneRules(posix: text) == nil)
    }

    /// Cut at every byte and with every byte changed: never a trap.
    @Test func brokenFilesAreRefusedOrRead() throws {
        guard let file = SourceFile.read("/usr/share/zoneinfo/Europe/Dublin", limit: 1 << 20) else { return }
        #expect(TimeZoneRules(file: file) != nil)
        for length in stride(from: 0, to: file.count, by: 3) {
            _ = TimeZoneRules(file: Array(file[..<length]))?.offset(at: 1_767_225_600)
        }
        for index in stride(from: 0, to: file.count, by: 5) {
            var broken = file
            broken[index] ^= 0xFF
            _ = TimeZoneRules(file: broken)?.offset(at: 1_767_225_600)
            _ = TimeZoneRules(file: broken)?.instant(ofLocal: 1_767_225_600)
        }
    }

    @Test func namesDoNotLeadOutOfTheDirectory() {
        for name in ["../../etc/passwd", "/etc/localtime", "", "Europe/Berlin\0", "Europe", "No/Where"] {
            #expect(ZoneFiles.rules(named: name) == nil, "\(name)")
        }
    }
}

// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct LimitTableTests {
    @Test(arguments: Limits.Name.allCases)
    func eachLimitIsReadWhereItIsSetAndFitsItsRange(name: Limits.Name) {
        var limits = Limits()
        let row = name.row
        // The descriptors of the process decide about connections unless they are set.
        #expect(name == .connections ? limits[name] == 0 : row.range.contains(limits[name]))
        limits[name] = row.range.lowerBound
        #expect(limits[name] == row.range.lowerBound)
        for other in Limits.Name.allCases where other != name { #expect(limits[other] == Limits()[other]) }
        #expect(Limits(changing: [name: row.range.upperBound])[name] == row.range.upperBound)
    }

    @Test func theRateOfABodyIsTakenOverItsTime() {
        #expect(Limits().bodyBytesPerWindow == 30 << 10)
        #expect(Limits(changing: [.bodyRate: 0]).bodyBytesPerWindow == 0)
        #expect(Limits(changing: [.bodyRate: .max]).bodyBytesPerWindow == .max)
    }
}

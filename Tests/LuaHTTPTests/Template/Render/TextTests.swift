// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct TextTests {
    private func written(_ body: (inout ByteStorage) -> Void) -> String {
        var storage = ByteStorage(capacity: 1)
        body(&storage)
        return String(decoding: storage.bytes, as: UTF8.self)
    }

    @Test func `integers of every length`() {
        var value: Int64 = 1
        var samples: [Int64] = [0, .max, .min]
        for _ in 0..<18 {
            samples += [value, -value, value - 1, value + 1]
            value *= 10
        }
        for sample in samples { #expect(written { $0.append(integer: sample) } == String(sample)) }
    }

    @Test(arguments: [
        (0.1 + 0.2, "0.30000000000000004"), (1.0, "1.0"), (-0.0, "-0.0"), (1e16, "1e+16"),
        (12345678901234567890.0, "1.2345678901234567e+19"),
        (1e15, "1000000000000000.0"), (9999999999999998.0, "9999999999999998.0"), (1.7e16, "1.7e+16"),
        (12345678901234568.0, "1.2345678901234568e+16"),
        (1e-4, "0.0001"), (1e-5, "1e-05"), (.infinity, "inf"), (-.infinity, "-inf"), (.nan, "nan"),
        (-1e16, "-1e+16"),
    ])
    func `floats as Python prints them`(_ value: Double, _ expected: String) {
        #expect(written { $0.append(float: value) } == expected)
    }

    @Test func `escaping finds every special byte at every place`() {
        for length in 0...40 {
            for position in 0..<max(1, length) {
                for (special, entity) in [
                    ("<", "&lt;"), (">", "&gt;"), ("&", "&amp;"), ("\"", "&#34;"), ("'", "&#39;"), ("#", "#"),
                    ("é", "é"),
                ] {
                    let before = String(repeating: "x", count: position)
                    let after = String(repeating: "y", count: max(0, length - position))
                    var text = before + special + after
                    let result = text.withUTF8 { bytes in
                        written { $0.appendEscaped(bytes.baseAddress!, bytes.count) }
                    }
                    #expect(result == before + entity + after)
                }
            }
        }
    }

    @Test func `characters of broken text`() {
        let cases: [([UInt8], Int)] = [
            ([], 0), ([0x41], 1), ([0xC3, 0xA9], 1), ([0xC3], 1), ([0xC0, 0x80], 2), ([0xED, 0xA0, 0x80], 3),
            ([0xF4, 0x90, 0x80, 0x80], 4),
            ([0xF0, 0x9F, 0x90, 0x8D], 1), ([0xF0, 0x9F, 0x90], 3), ([0xE2, 0x82, 0xAC, 0xFF], 2),
            ([0xF5, 0x80], 2), ([0xE0, 0x80, 0x80], 3),
        ]
        for (bytes, count) in cases {
            bytes.withUnsafeBytes { bytes in
                #expect(UTF8Text.count(bytes) == count)
                #expect(UTF8Text.offsets(bytes).count == count + 1)
                #expect(UTF8Text.range(bytes, from: 0, count: 99) == 0..<bytes.count)
            }
        }
    }

    @Test func `dates are those of the calendar`() {
        #expect(CalendarDate(seconds: 0).formatted("%F %T %a %j %s") == "1970-01-01 00:00:00 Thu 001 0")
        #expect(
            CalendarDate(seconds: 951_782_400).formatted("%d %B %Y, %I:%M %p") == "29 February 2000, 12:00 AM"
        )
        #expect(
            CalendarDate(seconds: -1).formatted("%Y-%m-%d %H:%M:%S %A") == "1969-12-31 23:59:59 Wednesday")
        #expect(CalendarDate(seconds: 4_107_542_400).formatted("%F %u%w%y%e%%%q%") == "2100-03-01 1100 1%%q%")
    }

    @Test func `suggestions are close`() {
        #expect(Suggestion.closest(to: "uper", among: ["upper", "lower"]) == "upper")
        #expect(Suggestion.closest(to: "nmae", among: ["name", "age"]) == "name")
        #expect(Suggestion.closest(to: "zzzz", among: ["name", "age"]) == nil)
    }
}

// SPDX-License-Identifier: MIT
import Testing

@testable import LuaHTTP

@Suite("ASCII")
struct ASCIITests {
    @Test("tokens are the tchars of RFC 9110 and no other byte")
    func tokens() {
        let tchars = Set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
        for byte in UInt8.min...UInt8.max { #expect(ASCII.isToken(byte) == tchars.contains(byte), "\(byte)") }
    }

    @Test("unreserved is letters, digits, hyphen, dot, underscore, tilde")
    func unreserved() {
        let members = Set("-._~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
        for byte in UInt8.min...UInt8.max {
            #expect(PercentCoding.isUnreserved(byte) == members.contains(byte), "\(byte)")
        }
    }

    @Test("a set made from text holds its characters only")
    func sets() {
        let set = ASCII.Set("az09/~")
        for byte in UInt8.min...UInt8.max { #expect(set.contains(byte) == "az09/~".utf8.contains(byte)) }
    }

    @Test(arguments: [
        ("0", ASCII.Decimal.value(0)), ("0005", .value(5)), ("9223372036854775807", .value(.max)),
        ("9223372036854775808", .overflow), ("18446744073709551621", .overflow), ("", .invalid),
        ("+5", .invalid),
        ("5 ", .invalid), ("0x5", .invalid), ("99999999999999999999x", .invalid),
        ("0000000000000000000000000000000000000007", .value(7)),
    ])
    func decimals(text: String, expected: ASCII.Decimal) {
        Array(text.utf8).withUnsafeBytes { #expect(ASCII.decimal($0) == expected) }
    }

    @Test("comparison without case folds letters only")
    func folding() {
        func same(_ bytes: [UInt8], _ text: StaticString) -> Bool {
            bytes.withUnsafeBytes { ASCII.equalsIgnoringCase($0, text) }
        }
        #expect(same([UInt8]("ChUnKeD"), "chunked"))
        #expect(!same([UInt8]("chunke"), "chunked"))
        #expect(!same([0x0D], "-"))  // 0x0D | 0x20 is 0x2D
        #expect(!same([0x40], "`"))
    }

    @Test("hexadecimal digits both ways")
    func hexadecimal() {
        for value in UInt8(0)..<16 { #expect(ASCII.hexValue(ASCII.hexDigit(value)) == value) }
        #expect(ASCII.hexValue(0x66) == 15)
        for byte in [UInt8(0x67), 0x2F, 0x3A, 0x40, 0x47, 0x60, 0x80, 0x00, 0x10] {
            #expect(ASCII.hexValue(byte) == nil)
        }
    }
}

@Suite("ByteScanner")
struct ByteScannerTests {
    @Test("a control is found wherever it stands, with anything around it")
    func controls() {
        for length in 0..<40 {
            for position in 0..<length {
                for control in [UInt8(0x00), 0x0A, 0x0D, 0x1F, 0x7F] {
                    var bytes = [UInt8](repeating: 0xFF, count: length)
                    for index in 0..<length where index % 3 == 0 { bytes[index] = ASCII.tab }
                    bytes[position] = control
                    #expect(ByteScanner.findControl(in: bytes, from: 0, to: length) == position)
                    #expect(ByteScanner.findControl(in: bytes, from: 0, to: position) == nil)
                }
            }
        }
    }

    @Test("no byte that a field value may hold is taken for a control")
    func allowed() {
        for byte in UInt8.min...UInt8.max {
            let bytes = [UInt8](repeating: byte, count: 9)
            let isControl = (byte < 0x20 && byte != 9) || byte == 0x7F
            #expect((ByteScanner.findControl(in: bytes, from: 0, to: 9) != nil) == isControl, "\(byte)")
        }
    }

    @Test("finding respects both bounds")
    func bounds() {
        let bytes: [UInt8] = [1, 2, 1, 2]
        #expect(ByteScanner.find(1, in: bytes, from: 1, to: 4) == 2)
        #expect(ByteScanner.find(1, in: bytes, from: 1, to: 2) == nil)
        #expect(ByteScanner.find(1, in: bytes, from: 3, to: 3) == nil)
    }
}

@Suite("PercentCoding")
struct PercentCodingTests {
    @Test(arguments: [
        ("a%20b", "a b"), ("%41%7a", "Az"), ("", ""), ("a+b", "a+b"), ("%252e", "%2e"),
    ])
    func decodes(text: String, expected: String) {
        var output: [UInt8] = [7]
        let done = Array(text.utf8).withUnsafeBytes { PercentCoding.decode($0, into: &output) }
        #expect(done)
        #expect(output == [7] + Array(expected.utf8))
    }

    @Test(arguments: ["%", "%4", "%zz", "ok%2", "%2g", "%-1"])
    func malformedTripletsAreRefusedAndLeaveTheOutput(text: String) {
        var output: [UInt8] = [7]
        let done = Array(text.utf8).withUnsafeBytes { PercentCoding.decode($0, into: &output) }
        #expect(!done)
        #expect(output == [7])
    }

    @Test("what is encoded decodes to itself, for every byte")
    func roundTrip() {
        let bytes = [UInt8](0...255)
        var encoded: [UInt8] = []
        PercentCoding.encode(bytes, into: &encoded)
        var decoded: [UInt8] = []
        #expect(encoded.withUnsafeBytes { PercentCoding.decode($0, into: &decoded) })
        #expect(decoded == bytes)
        var kept: [UInt8] = []
        PercentCoding.encode("a/b c".utf8, keeping: ASCII.Set("/"), into: &kept)
        #expect(kept.text == "a/b%20c")
    }
}

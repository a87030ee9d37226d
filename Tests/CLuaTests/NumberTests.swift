// SPDX-License-Identifier: MIT

import CLua
import Testing

@Suite struct NumberTests {
    @Test(arguments: [
        0, 1, -1, 9, 10, 99, 100, -12345, 1_000_000_007, Int64.max, Int64.min, Int64.min + 1,
    ])
    func integersAreWrittenAsLuaWritesThem(_ value: Int64) {
        let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(LH_INTEGER_SIZE)) { buffer in
            // SAFETY: the buffer has the size that the function asks for.
            let length = Int(lh_format_integer(buffer.baseAddress, value))
            return String(decoding: buffer.prefix(length).map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
        #expect(text == String(value))
    }
}

// SPDX-License-Identifier: MIT

import CZlib

@testable import LuaHTTP

/// Bytes in the formats that clients compress with.
enum CompressedBytes {
    /// `text`, by zlib at level 9.
    static let gzip: [UInt8] = [
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x57,
        0xc8, 0x40, 0x27, 0xb9, 0x00, 0x00, 0x88, 0x59, 0x0b, 0x18, 0x00, 0x00, 0x00,
    ]
    static let text = "hello hello hello hello\n"

    /// `bytes` in the zlib format.
    static func zlib(_ bytes: [UInt8]) -> [UInt8] {
        var count = compressBound(UInt(bytes.count))
        var output = [UInt8](repeating: 0, count: Int(count))
        guard compress2(&output, &count, bytes, UInt(bytes.count), 9) == Z_OK else { return [] }
        return Array(output[..<Int(count)])
    }

    /// All that comes of `bytes`, and whether it ends with them.
    static func inflated(
        _ bytes: some Sequence<UInt8>, _ format: ZlibStream.Format
    ) throws -> (bytes: [UInt8], isComplete: Bool) {
        var inflater = try Inflater(format)
        var result: [UInt8] = []
        var input = Array(bytes)[...]
        var room = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let (consumed, produced) = try input.withUnsafeBytes { input in
                try room.withUnsafeMutableBytes { try inflater.inflate(input, into: $0) }
            }
            result += room[..<produced]
            input = input.dropFirst(consumed)
            if consumed == 0, produced == 0 { return (result, inflater.isComplete) }
        }
    }
}

// SPDX-License-Identifier: MIT

import CLua

/// A received head as the server keeps it: bytes and offsets that stay in place.
final class RequestBytes {
    let request: UnsafeMutablePointer<lh_request>
    private let bytes: UnsafeMutablePointer<CChar>
    private var headers: UnsafeMutableBufferPointer<lh_header>
    private var params: UnsafeMutableBufferPointer<lh_param> = .allocate(capacity: 0)
    private var names: [UnsafeMutablePointer<CChar>] = []

    init(_ head: String) {
        let text = Array(head.utf8)
        bytes = .allocate(capacity: text.count)
        for (index, byte) in text.enumerated() { bytes[index] = CChar(bitPattern: byte) }
        var lines: [lh_header] = []
        var start = (text.firstIndex(of: 10) ?? 0) + 1
        while start < text.count, text[start] != 13 {
            let colon = text[start...].firstIndex(of: 58)!
            let end = text[start...].firstIndex(of: 13)!
            lines.append(
                lh_header(
                    name: lh_slice(offset: UInt32(start), length: UInt32(colon - start)),
                    value: lh_slice(offset: UInt32(colon + 2), length: UInt32(end - colon - 2))))
            start = end + 2
        }
        headers = .allocate(capacity: lines.count)
        _ = headers.initialize(from: lines)
        let space = text.firstIndex(of: 32) ?? 0
        let second = text[(space + 1)...].firstIndex(of: 32) ?? text.count
        request = .allocate(capacity: 1)
        request.initialize(to: lh_request())
        request.pointee.head = UnsafePointer(bytes)
        request.pointee.head_length = UInt32(text.count)
        request.pointee.method = lh_slice(offset: 0, length: UInt32(space))
        request.pointee.raw_path = lh_slice(offset: UInt32(space + 1), length: UInt32(second - space - 1))
        request.pointee.path = UnsafePointer(bytes + space + 1)
        request.pointee.path_length = UInt32(second - space - 1)
        request.pointee.headers = UnsafePointer(headers.baseAddress)
        request.pointee.header_count = UInt32(lines.count)
    }

    deinit {
        request.deallocate()
        bytes.deallocate()
        headers.deallocate()
        params.deallocate()
        names.forEach { $0.deallocate() }
    }

    func setParams(_ list: [(name: String, value: lh_param)]) {
        params.deallocate()
        params = .allocate(capacity: list.count)
        for (index, each) in list.enumerated() {
            var param = each.value
            let name = UnsafeMutablePointer<CChar>.allocate(capacity: each.name.utf8.count)
            for (position, byte) in each.name.utf8.enumerated() { name[position] = CChar(bitPattern: byte) }
            names.append(name)
            param.name = UnsafePointer(name)
            param.name_length = UInt32(each.name.utf8.count)
            params.initializeElement(at: index, to: param)
        }
        request.pointee.params = UnsafePointer(params.baseAddress)
        request.pointee.param_count = UInt32(list.count)
    }
}

// SPDX-License-Identifier: MIT

import CNIOLLHTTP

/// llhttp, the parser of Node and of SwiftNIO, as it is set there: the second opinion.
final class LLHTTPReader {
    private var parser = llhttp_t()
    private let settings: UnsafeMutablePointer<llhttp_settings_t>
    private var message = ReadStream.Message()
    private var stream = ReadStream()
    /// Another protocol was asked for: what follows is not HTTP/1.1 any more.
    private(set) var isUpgraded = false

    static func read(_ pieces: [[UInt8]]) -> (stream: ReadStream, isUpgraded: Bool) {
        let reader = LLHTTPReader()
        for piece in pieces { reader.feed(piece) }
        return (reader.stream, reader.isUpgraded)
    }

    private init() {
        settings = .allocate(capacity: 1)
        c_nio_llhttp_settings_init(settings)
        settings.pointee.on_method = { LLHTTPReader.of($0).append($1, $2, to: \.method) }
        settings.pointee.on_url = { LLHTTPReader.of($0).append($1, $2, to: \.target) }
        settings.pointee.on_body = { LLHTTPReader.of($0).append($1, $2, to: \.body) }
        settings.pointee.on_message_begin = { LLHTTPReader.of($0).begin() }
        settings.pointee.on_message_complete = { LLHTTPReader.of($0).complete($0) }
        c_nio_llhttp_init(&parser, HTTP_REQUEST, settings)
        parser.data = Unmanaged.passUnretained(self).toOpaque()
    }

    deinit { settings.deallocate() }

    private static func of(_ parser: UnsafeMutablePointer<llhttp_t>?) -> LLHTTPReader {
        // SAFETY: `data` is set before the parser runs, and the reader lives while it does.
        Unmanaged.fromOpaque(parser!.pointee.data).takeUnretainedValue()
    }

    private func append(
        _ bytes: UnsafePointer<CChar>?, _ count: Int, to part: WritableKeyPath<ReadStream.Message, [UInt8]>
    ) -> CInt {
        message[keyPath: part] += UnsafeRawBufferPointer(start: bytes, count: count)
        return 0
    }

    private func begin() -> CInt {
        message = ReadStream.Message()
        return 0
    }

    private func complete(_ parser: UnsafeMutablePointer<llhttp_t>?) -> CInt {
        stream.messages.append(message)
        stream.isClosed = parser.map { c_nio_llhttp_should_keep_alive($0) == 0 } ?? true
        return 0
    }

    private func feed(_ piece: [UInt8]) {
        guard stream.failure == nil, !stream.isClosed, !isUpgraded else { return }
        let code = piece.withUnsafeBytes {
            c_nio_llhttp_execute_swift(&parser, $0.baseAddress, $0.count)
        }
        guard code != HPE_OK else { return }
        // What follows a last request is an error there and is never read here.
        if stream.isClosed { return }
        if code == HPE_PAUSED_UPGRADE || code == HPE_PAUSED_H2_UPGRADE {
            isUpgraded = true
        } else {
            let reason = c_nio_llhttp_get_error_reason(&parser).map { String(cString: $0) } ?? ""
            stream.failure = String(cString: c_nio_llhttp_errno_name(code)) + " " + reason
        }
    }
}

// SPDX-License-Identifier: MIT

import Foundation
import NIOCore
import NIOEmbedded
import Testing

@testable import LuaHTTP

/// The raw requests of Tests/Fixtures/http/raw.txt, in one piece, byte by byte and in random pieces. What comes
/// back does not depend on how the bytes came.
struct RawCasesTests {
    struct Case: Sendable {
        let name: String
        /// Alternatives: statuses, and whether the connection ends.
        let expected: [String]
        let request: [UInt8]
    }

    private static let app = """
        local app = require "luahttpd"
        app:get("/", function() return app.text "hello" end)
        app:post("/echo", function(req) return app.text(req.body) end)
        """

    @Test func eachRequestGetsWhatItMust() throws {
        let site = try InMemorySite(Self.app, isDevelopment: false)
        for raw in RawCases.all {
            let whole = try Self.run(raw.request, on: site) { [$0] }
            #expect(raw.expected.contains(whole), "\(raw.name): \(whole)")
            let byBytes = try Self.run(raw.request, on: site) { $0.map { [$0] } }
            #expect(byBytes == whole, "\(raw.name), byte by byte")
            var numbers = SeededNumbers(seed: UInt64(raw.request.count))
            for _ in 0..<3 {
                let inPieces = try Self.run(raw.request, on: site) { ByteSplits.random($0, &numbers) }
                #expect(inPieces == whole, "\(raw.name), in pieces")
            }
        }
    }

    @Test func thereAreEnoughOfThem() {
        #expect(RawCases.all.count >= 150)
        #expect(Set(RawCases.all.map(\.name)).count == RawCases.all.count)
    }

    /// "200 400!": the statuses, and ! when the connection was ended.
    private static func run(
        _ request: [UInt8], on site: InMemorySite, pieces: ([UInt8]) -> [[UInt8]]
    ) throws -> String {
        let (channel, handler) = try site.connect()
        defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
        var output: [UInt8] = []
        func collect() throws {
            while let part = try channel.readOutbound(as: IOData.self) {
                if case .byteBuffer(let buffer) = part { output += buffer.readableBytesView }
            }
        }
        for (index, part) in RawCases.parts(request).enumerated() {
            if index > 0, case .finish = part {
                channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
                channel.embeddedEventLoop.run()
            }
            guard case .bytes(let bytes) = part else { continue }
            for piece in pieces(bytes) {
                try channel.writeInbound(ByteBuffer(bytes: piece))
                channel.embeddedEventLoop.run()
                try collect()
            }
        }
        try collect()
        let isOver = handler.state.phase == .lingering || handler.state.phase == .closed
        return statuses(output, request).joined(separator: " ") + (isOver ? "!" : "")
    }

    /// Reads the answers as a client does, by their lengths.
    private static func statuses(_ output: [UInt8], _ request: [UInt8]) -> [String] {
        var statuses: [String] = []
        var rest = output[...]
        while let end = rest.firstRange(of: Array("\r\n\r\n".utf8)) {
            let head = String(decoding: rest[..<end.lowerBound], as: UTF8.self)
            let status = String(head.dropFirst("HTTP/1.1 ".count).prefix(3))
            statuses.append(status)
            let length =
                head.components(separatedBy: "\r\n").first { $0.hasPrefix("Content-Length: ") }
                .flatMap { Int($0.dropFirst("Content-Length: ".count)) } ?? 0
            let isHead = statuses.count == 1 && request.starts(with: Array("HEAD".utf8))
            rest = rest[end.upperBound...].dropFirst(isHead ? 0 : length)
        }
        return rest.isEmpty ? statuses : statuses + ["rest of \(rest.count) bytes"]
    }
}

/// The fixture.
enum RawCases {
    enum Part { case bytes([UInt8]), finish }

    static let all: [RawCasesTests.Case] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures/http/raw.txt")
        guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
        return text.split(separator: "\n").compactMap { line in
            guard !line.hasPrefix("#") else { return nil }
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard columns.count == 3 else { return nil }
            return RawCasesTests.Case(
                name: columns[0], expected: columns[1].split(separator: "|").map(String.init),
                request: Array(repeated(columns[2]).utf8))
        }
    }()

    /// <3*x> → xxx, from the inside out.
    private static func repeated(_ text: String) -> String {
        var text = text
        while let match = text.firstMatch(of: /<(\d+)\*([^<>]*)>/) {
            text.replaceSubrange(
                match.range, with: String(repeating: String(match.2), count: Int(match.1) ?? 0))
        }
        return text
    }

    /// The escapes resolved, cut at <PAUSE> and <FIN>.
    static func parts(_ request: [UInt8]) -> [Part] {
        let text = String(decoding: request, as: UTF8.self)
        let finishes = text.hasSuffix("<FIN>")
        let body = finishes ? String(text.dropLast(5)) : text
        return body.components(separatedBy: "<PAUSE>").map { .bytes(unescaped($0)) }
            + (finishes ? [.finish] : [])
    }

    private static func unescaped(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let escape = rest.popFirst() else {
                bytes.append(byte)
                continue
            }
            switch escape {
            case UInt8(ascii: "r"): bytes.append(13)
            case UInt8(ascii: "n"): bytes.append(10)
            case UInt8(ascii: "t"): bytes.append(9)
            default:  // xHH
                bytes.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0)
                rest = rest.dropFirst(2)
            }
        }
        return bytes
    }
}

// SPDX-License-Identifier: MIT

import Foundation
import Testing

@testable import LuaHTTP

/// Random streams of requests through our parser and llhttp, each cut in its own way: the same requests with the
/// same bodies, the same place where it goes wrong, unless a named rule says why not.
struct DifferentialTests {
    /// LUAHTTPD_FUZZ_ROUNDS for long runs, LUAHTTPD_FUZZ_SEED for others than the usual ones.
    private static let rounds = number("LUAHTTPD_FUZZ_ROUNDS") ?? 5000
    private static let seed = number("LUAHTTPD_FUZZ_SEED") ?? 1

    private static func number(_ name: String) -> Int? {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
    }

    @Test func bothReadTheSameRequests() {
        var requests = RandomRequests(seed: UInt64(Self.seed))
        var differences = 0
        var tally: [String: Int] = [:]
        for round in 0..<Self.rounds {
            let bytes = requests.next()
            let own = OwnReader.read(requests.pieces(bytes))
            #expect(own == OwnReader.read([bytes]), "round \(round): cut differently, read differently")
            let (peer, isUpgraded) = LLHTTPReader.read(requests.pieces(bytes))
            if isUpgraded { continue }
            switch Difference.between(own, peer, bytes) {
            case .none: tally["same", default: 0] += 1
            case .rule(let name): tally[name, default: 0] += 1
            case .unexplained(let what):
                differences += 1
                if differences <= 10 {
                    Issue.record(
                        "round \(round): \(what)\n\(bytes.text.debugDescription)\nown: \(own)\nllhttp: \(peer)"
                    )
                }
            }
        }
        if Self.rounds > 5000 {
            for (name, count) in tally.sorted(by: { $0.value > $1.value }) { print("\(count)\t\(name)") }
        }
        #expect(differences == 0)
        #expect(tally["same", default: 0] > Self.rounds / 4)
    }
}

/// How two readers differ.
enum Difference {
    case none
    /// A rule of DifferentialRules.
    case rule(String)
    case unexplained(String)

    static func between(_ own: ReadStream, _ peer: ReadStream, _ bytes: [UInt8]) -> Difference {
        let common = min(own.messages.count, peer.messages.count)
        for index in 0..<common where own.messages[index] != peer.messages[index] {
            return .unexplained("request \(index) differs")
        }
        if own.messages.count == peer.messages.count, (own.failure == nil) == (peer.failure == nil),
            own.isClosed == peer.isClosed
        {
            return .none
        }
        // RFC 9112 §9.3: `close` wins, whatever else Connection says; llhttp keeps HTTP/1.0 with both open.
        let text = bytes.text.lowercased()
        if own.isClosed, own.messages.count <= peer.messages.count, text.contains("close"),
            text.contains("keep-alive")
        {
            return .rule("stricter: close wins over keep-alive")
        }
        // RFC 9110 §5.5: blanks around a value are none of it; llhttp takes only spaces for that.
        if own.isClosed, !peer.isClosed, own.messages.count <= peer.messages.count,
            ["close\t", "close \t", "\tclose"].contains(where: { text.contains($0) })
        {
            return .rule("stricter: close with a tab")
        }
        // We have refused what llhttp has read, or still reads.
        if let failure = own.failure, own.messages.count <= peer.messages.count {
            return DifferentialRules.stricter.contains(failure)
                ? .rule("stricter: " + failure) : .unexplained("refused by us alone: \(failure)")
        }
        if let failure = peer.failure {
            // Bytes are refused at the end of their line, not before.
            if own.failure == nil, own.messages.count == peer.messages.count {
                let ended = OwnReader.read([bytes + Array("\r\n\r\n".utf8)])
                if ended.failure != nil || ended.messages.count == own.messages.count {
                    return .rule("refused later")
                }
            }
            for each in DifferentialRules.laxer
            where failure.contains(each.reason)
                && each.holds.contains(where: { $0.isEmpty || text.contains($0) })
            {
                return .rule("read by us alone: " + each.rule)
            }
            return .unexplained("refused by llhttp alone: \(failure)")
        }
        // llhttp waits for the rest of HTTP/2's preface.
        if own.messages.count > peer.messages.count, own.messages[peer.messages.count].method.text == "PRI" {
            return .rule("read by us alone: PRI is a method like any other that nobody offers")
        }
        return .unexplained("other ends")
    }
}

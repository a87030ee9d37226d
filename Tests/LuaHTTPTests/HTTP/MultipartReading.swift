// SPDX-License-Identifier: MIT

@testable import LuaHTTP

/// What a multipart body came to, comparable.
enum MultipartReading: Equatable {
    struct Part: Equatable {
        var head: MultipartPart
        var content: [UInt8] = []
        var isComplete = false
    }

    case parts([Part], isComplete: Bool)
    case failed(Int, Limits.Name?)

    static func of(
        _ pieces: [[UInt8]], boundary: String = "b", headLimit: Int = 1000, most: Int = .max
    ) -> MultipartReading {
        guard var parser = MultipartParser(boundary: Array(boundary.utf8), headLimit: headLimit) else {
            return .failed(0, nil)
        }
        var parts: [Part] = []
        do throws(HTTPError) {
            for piece in pieces { try read(piece, &parser, &parts, most) }
        } catch {
            return .failed(error.status, error.limit)
        }
        return .parts(parts, isComplete: parser.isComplete)
    }

    private static func read(
        _ piece: [UInt8], _ parser: inout MultipartParser, _ parts: inout [Part], _ most: Int
    ) throws(HTTPError) {
        var index = 0
        while true {
            let event: MultipartParser.Event?
            do {
                event = try piece.withUnsafeBytes { try parser.next($0, &index, most: most) }
            } catch {
                throw error as? HTTPError ?? HTTPError(0, "")
            }
            switch event {
            case .part(let head): parts.append(Part(head: head))
            case .data(let range) where range.count <= most: parts[parts.count - 1].content += piece[range]
            case .held(let range) where range.count <= most:
                parts[parts.count - 1].content += parser.delimiter[range]
            case .data, .held: throw HTTPError(0, "more than was asked for")
            case .partEnd: parts[parts.count - 1].isComplete = true
            case .end: break
            case nil: return
            }
        }
    }

    static func of(_ text: String, boundary: String = "b") -> MultipartReading {
        of([Array(text.utf8)], boundary: boundary)
    }
}

// SPDX-License-Identifier: MIT

import Hummingbird
import Logging
import Mustache
import NIOCore
import NIOPosix

/// hello, fortunes and rows as `app/app.lua` answers them, on one event loop.
@main
struct Baseline {
    static func main() async throws {
        let port = Int(CommandLine.arguments.dropFirst().first ?? "") ?? 8091
        let router = Router()
        let fortunes = try MustacheTemplate(string: Pages.fortunes)
        let rows = try MustacheTemplate(string: Pages.rows)
        router.get("/") { _, _ in page("hello") }
        router.get("/fortunes") { _, _ in page(fortunes.render(["fortunes": Pages.makeFortunes()])) }
        router.get("/rows") { _, _ in page(rows.render(["rows": Pages.makeRows()])) }
        var logger = Logger(label: "baseline")
        logger.logLevel = .error
        let app = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: port)),
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup(numberOfThreads: 1)), logger: logger)
        try await app.runService()
    }

    static func page(_ text: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: "text/html; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}

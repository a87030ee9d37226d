// SPDX-License-Identifier: MIT

internal import NIOCore

/// Open pages of one worker during development: gives them a script and a stream of events, and tells them what
/// became of changed files. Belongs to the worker's loop; is not there in production.
final class LiveReload {
    private struct Stream {
        let exchange: HTTPExchange
        let serial: UInt64
    }

    private let loop: any EventLoop
    private var subscription: ReloadSubscription?
    private var streams: [ObjectIdentifier: Stream] = [:]
    private var heartbeat: Scheduled<Void>?
    private var generation: Int
    /// Counts changes that needed no new generation. All workers see the same ones.
    private var revision = 0
    private var failure: ReloadFailure?
    private let reporter: FailureReporter
    private var isDraining = false

    /// Tells the pages of a server that was started again.
    private static let boot = String(RequestIdentifier.make().prefix(12))
    /// Proxies cut what says nothing for a minute.
    private static let interval = TimeAmount.seconds(15)

    /// Nil in production, and where no files are watched.
    init?(_ configuration: WorkerConfiguration, loop: any EventLoop) {
        guard configuration.loader.isDevelopment, let feed = configuration.reloadFeed else { return nil }
        self.loop = loop
        reporter = FailureReporter(configuration)
        generation = 0
        let (subscription, state) = feed.subscribe(on: loop) { [weak self] in self?.take($0) }
        (generation, failure) = (state.generation, state.failure)
        self.subscription = subscription
    }

    /// The state of the app that a page is of.
    private var page: String { "\(Self.boot).\(generation).\(revision)" }

    // MARK: Requests

    /// Answers a request for a path of our own; puts itself before the connection for one of a page.
    func takes(_ exchange: HTTPExchange) -> Bool {
        let base = (exchange.connection as? LiveConnection)?.base ?? exchange.connection
        exchange.connection = base
        let path = exchange.head.slice(exchange.head.path)
        if path.starts(with: LivePath.prefix.utf8), takes(exchange, at: String(decoding: path, as: UTF8.self))
        {
            return true
        }
        if let base, LivePage.isAskedFor(by: exchange.head) {
            exchange.connection = LiveConnection(
                base, attributes: attributes(for: exchange), policy: policy(for: exchange))
        }
        return false
    }

    private func takes(_ exchange: HTTPExchange, at path: String) -> Bool {
        switch path {
        case LivePath.stream: answer(exchange) { stream(to: exchange) }
        case LivePath.script: answer(exchange) { sendScript(to: exchange) }
        case let path where path.hasPrefix(LivePath.report):
            guard let page = Self.reports.page(String(path.dropFirst(LivePath.report.count))) else {
                return false
            }
            answer(exchange) { respond(exchange, 200, page.fields, String(buffer: page.body)) }
        default: return false
        }
        return true
    }

    /// Keeps a report for a page that will ask for it, perhaps of another worker. Returns its path.
    func keep(_ report: FailureReport) -> String {
        let page = ErrorPage(status: report.status, message: nil, report: report, format: .html)
        return LivePath.report + Self.reports.keep(page)
    }

    private static let reports = ReportShelf()

    private func attributes(for exchange: HTTPExchange) -> String {
        let isGet = exchange.head.method == .get || exchange.isHead
        return " data-page=\"\(page)\"" + (isGet ? "" : " data-method=\"other\"")
    }

    private func policy(for exchange: HTTPExchange) -> ContentPolicy {
        ContentPolicy(
            scheme: exchange.isSecure ? "https" : "http",
            host: String(decoding: exchange.head.slice(exchange.head.host), as: UTF8.self),
            scriptPath: LivePath.script, streamPath: LivePath.stream, nonce: RequestIdentifier.make())
    }

    /// Only for pages of this site: what another one embeds must not learn what the author's files say.
    private func answer(_ exchange: HTTPExchange, _ body: () -> Void) {
        guard exchange.head.method == .get || exchange.isHead else {
            return respond(exchange, 405, "Allow: GET, HEAD\r\n", "")
        }
        if let site = exchange.head.value(.secFetchSite), !ASCII.equals(site, "same-origin"),
            !ASCII.equals(site, "none")
        {
            return respond(
                exchange, 403, "Content-Type: text/plain; charset=utf-8\r\n", "Only for pages of this site.\n"
            )
        }
        body()
    }

    private func sendScript(to exchange: HTTPExchange) {
        respond(
            exchange, 200, "Content-Type: text/javascript; charset=utf-8\r\nCache-Control: no-cache\r\n",
            Asset.liveScript.text)
    }

    private func respond(_ exchange: HTTPExchange, _ status: Int, _ fields: StaticString, _ body: String) {
        var body = body
        body.withUTF8 { bytes in
            _ = exchange.respond(
                ResponseHead(
                    status,
                    fields: UnsafeRawBufferPointer(start: fields.utf8Start, count: fields.utf8CodeUnitCount)),
                body: UnsafeRawBufferPointer(bytes))
        }
    }

    // MARK: Streams

    private func stream(to exchange: HTTPExchange) {
        guard !isDraining else { return respond(exchange, 503, "Cache-Control: no-store\r\n", "") }
        let fields: StaticString =
            "Content-Type: text/event-stream\r\nCache-Control: no-store\r\nX-Accel-Buffering: no\r\n"
        let head = ResponseHead(
            200, fields: UnsafeRawBufferPointer(start: fields.utf8Start, count: fields.utf8CodeUnitCount))
        guard exchange.start(head) else { return }
        guard !exchange.isHead else { return exchange.finish() }
        streams[ObjectIdentifier(exchange)] = Stream(exchange: exchange, serial: exchange.serial)
        exchange.write(LiveMessage.hello(page: page, failure: failure, reporter).bytes)
        armHeartbeat()
    }

    /// The client has gone, or will not read on. True if it was one of ours.
    func drop(_ exchange: HTTPExchange) -> Bool {
        guard let stream = streams.removeValue(forKey: ObjectIdentifier(exchange)) else { return false }
        if stream.serial == exchange.serial { exchange.finish() }
        if streams.isEmpty { stopHeartbeat() }
        return true
    }

    /// The server stops: open pages must not keep it waiting.
    func drain() {
        isDraining = true
        for stream in streams.values { _ = drop(stream.exchange) }
    }

    func end() {
        drain()
        subscription?.cancel()
        subscription = nil
    }

    private func send(_ bytes: ByteBuffer) {
        for stream in streams.values where stream.exchange.serial == stream.serial {
            stream.exchange.write(bytes)
        }
    }

    /// A comment, so that nothing on the way takes the connection for dead, and we learn it if it is.
    private func armHeartbeat() {
        guard heartbeat == nil, !streams.isEmpty else { return }
        heartbeat = loop.assumeIsolated().scheduleTask(in: Self.interval) { [weak self] in
            guard let self else { return }
            self.heartbeat = nil
            self.send(ByteBuffer(string: ":\n\n"))
            self.armHeartbeat()
        }
    }

    private func stopHeartbeat() {
        heartbeat?.cancel()
        heartbeat = nil
    }

    // MARK: Events

    private func take(_ event: ReloadFeed.Event) {
        switch event {
        case .reloaded(let number):
            generation = number
            failure = nil
            send(LiveMessage.reloaded(page: page).bytes)
        case .stylesheetsChanged(let paths):
            revision += 1
            send(LiveMessage.stylesheets(page: page, paths).bytes)
        case .filesChanged:
            revision += 1
            send(LiveMessage.files(page: page).bytes)
        case .failed(let failure):
            self.failure = failure
            send(LiveMessage.failed(failure, reporter).bytes)
        case .mended:
            failure = nil
            send(LiveMessage.mended.bytes)
        }
    }
}

@available(*, unavailable)
extension LiveReload: Sendable {}

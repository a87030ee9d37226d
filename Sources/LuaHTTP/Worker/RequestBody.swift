// SPDX-License-Identifier: MIT

internal import Logging
internal import NIOCore

/// Where the body of a request goes.
enum RequestBody {
    /// To `exchange.body`.
    case collected
    case form(FormUpload)
    case stream(BodyStream)

    var content: BodyContent {
        switch self {
        case .collected: .collected
        case .form(let upload): .form(upload.content)
        case .stream: .stream
        }
    }
}

extension RequestTask {
    /// Temporary files go.
    func dropBody() {
        switch body {
        case .collected: break
        case .form(let upload): upload.cancel()
        case .stream(let stream): stream.cancel()
        }
        body = .collected
    }
}

extension Worker {
    var blockingPool: BlockingPool { BlockingPool(loop: loop, usesThreads: configuration.usesThreads) }

    /// Decides by the head who takes the body; refuses what nobody could read.
    func acceptBody(of task: RequestTask, _ exchange: HTTPExchange, _ number: Int) -> BodyDecision {
        let route = task.generation.routes[number]
        let limits =
            route.limits.isEmpty ? configuration.limits : configuration.limits.changed(by: route.limits)
        // The connection refuses it as well, but knows nothing of the app's own page.
        if case .length(let length) = exchange.head.framing, length > limits.bodyBytes,
            task.generation.errorHandler(for: 413) != nil
        {
            let failure = RequestTask.Failure(
                status: 413, message: "request body too large", limit: .bodyBytes)
            return refuse(task, failure, exchange)
        }
        let coding = exchange.head.framing == .none ? .identity : ContentCoding(of: exchange.head)
        guard coding != .unknown else {
            let fields = ByteBuffer(staticString: ContentCoding.accepted)
            return refuse(task, RequestTask.Failure(status: 415, fields: fields), exchange)
        }
        let media = exchange.head.value(.contentType).flatMap { MediaType($0) }
        if route.streamsBody {
            let stream = stream(media, limits, exchange)
            task.body = .stream(stream)
            guard exchange.head.framing != .none else { return .proceed(limit: 0) }
            return decision(stream, coding, limits, exchange, handlesNow: true)
        }
        if case .handler = route.target, let media, media.is("multipart/form-data") {
            guard
                let upload = FormUpload(
                    media, limits: limits, pool: blockingPool, directory: configuration.uploads)
            else {
                let message = "The multipart form has no valid boundary."
                return refuse(task, RequestTask.Failure(status: 400, message: message), exchange)
            }
            connect(upload, of: task, exchange)
            return decision(upload, coding, limits, exchange, handlesNow: false)
        }
        guard coding != .identity else { return .proceed(limit: limits.bodyBytes) }
        let collected = CollectedBody(exchange) { [unowned self] in handle(exchange) }
        return decision(collected, coding, limits, exchange, handlesNow: false)
    }

    private func decision(
        _ reader: any BodyReader, _ coding: ContentCoding, _ limits: Limits, _ exchange: HTTPExchange,
        handlesNow: Bool
    ) -> BodyDecision {
        guard coding != .identity else {
            return .stream(to: reader, limit: limits.bodyBytes, handlesNow: handlesNow)
        }
        do throws(Inflater.Failure) {
            let inflated = try InflatedBody(coding == .gzip ? .gzip : .zlib, limits: limits, to: reader) {
                exchange.reader == nil
            }
            return .stream(to: inflated, limit: limits.bodyBytes, handlesNow: handlesNow)
        } catch {
            return .reject(HTTPError(503, "out of memory"))
        }
    }

    private func connect(_ upload: FormUpload, of task: RequestTask, _ exchange: HTTPExchange) {
        upload.onReady = { [unowned self] in handle(exchange) }
        upload.onFailure = { [unowned self, unowned task] error in
            logger.error("\(task.requestLine): \(error)")
            exchange.refuse(error)
        }
        upload.onRoom = { exchange.readBody() }
        task.body = .form(upload)
    }

    private func stream(_ media: MediaType?, _ limits: Limits, _ exchange: HTTPExchange) -> BodyStream {
        let isMultipart = media.map {
            $0.essence.count > 10
                && ASCII.equalsIgnoringCase(
                    UnsafeRawBufferPointer(rebasing: $0.essence.prefix(10)), "multipart/")
        }
        let stream = BodyStream(
            boundary: isMultipart == true ? media?.parameter("boundary") ?? [] : nil, limits: limits,
            isEmpty: exchange.head.framing == .none)
        stream.onRoom = { exchange.readBody() }
        return stream
    }
}

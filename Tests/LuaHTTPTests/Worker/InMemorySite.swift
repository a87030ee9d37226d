// SPDX-License-Identifier: MIT

import Foundation
import Logging
import NIOCore
import NIOEmbedded
import Testing

@testable import LuaHTTP

/// A worker that serves an app through an embedded channel: everything but sockets.
final class InMemorySite {
    let channel: EmbeddedChannel
    let worker: Worker
    let handler: HTTP1Handler<Worker>
    let log = LogCapture()
    let directory: URL

    /// - Parameters:
    ///   - source: of app.lua.
    ///   - templates: name → source.
    ///   - files: path → content, beside app.lua.
    ///   - wallClock: seconds since 1970 at the start; nil for the real time.
    init(
        _ source: String, templates: [String: String] = [:], files: [String: String] = [:],
        isDevelopment: Bool = true, memoryLimit: Int = 128 << 20, limits: Limits = Limits(),
        reloadFeed: ReloadFeed? = nil, isFirst: Bool = true, wallClock: Int64? = nil,
        compression: CompressionSetting = CompressionSetting()
    ) throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "site-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        for (name, content) in files.merging(["app.lua": source], uniquingKeysWith: { $1 }) {
            let file = directory.appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(content.utf8).write(to: file)
        }
        let loader = GenerationLoader(
            script: directory.path + "/app.lua", isDevelopment: isDevelopment, memoryLimit: memoryLimit)
        channel = EmbeddedChannel()
        let loop = channel.embeddedEventLoop
        var clock = WallClock.nanoseconds
        if let wallClock { clock = { wallClock * 1_000_000_000 + Int64(loop.now.uptimeNanoseconds) } }
        let log = log
        var configuration = WorkerConfiguration(
            loader: loader, limits: limits,
            host: "127.0.0.1", port: 8080, compression: compression, usesThreads: false, isFirst: isFirst,
            reloadFeed: reloadFeed)
        configuration.uploads = UploadDirectory(path: directory.path)
        worker = try Worker(
            loop: channel.eventLoop, configuration: configuration,
            templates: .empty, logger: Logger(label: "test") { _ in LogCapture.Handler(log) },
            wallClock: clock)
        var options = TemplateOptions()
        options.scriptFilters = worker.generation.additions.filters
        options.scriptTests = worker.generation.additions.tests
        switch TemplateSet.build(templates.map { ($0.key, Array($0.value.utf8)) }, options: options) {
        case .built(let set): worker.generation.templates = set
        case .failed(let errors): throw LoadError(.templates(errors))
        }
        let connections = LoopConnections(eventLoop: channel.eventLoop)
        handler = HTTP1Handler(
            application: worker, loop: connections, limits: limits, origin: ConnectionOrigin())
        try channel.pipeline.syncOperations.addHandler(handler)
        references = worker.generation.vm.liveReferences
    }

    /// References that are held while no request is there.
    private(set) var references = 0

    /// The request that the connection is at.
    var task: RequestTask? { handler.exchange.task as? RequestTask }

    /// Gives the script a global function that waits; `begin` says for what.
    func offer(_ name: StaticString, _ begin: @escaping (Fiber, UInt64) -> Void) throws {
        let vm = worker.generation.vm
        let coroutine = vm.takeCoroutine()
        defer { vm.put(coroutine) }
        let source = "return function(name, f) rawset(_G, name, f) end"
        source.utf8.withContiguousStorageIfAvailable {
            _ = vm.load(UnsafeRawBufferPointer($0), name: "=test", on: coroutine.stack)
        }
        #expect(coroutine.resume().status == .ok)
        coroutine.stack.push(name)
        vm.push(
            HostFunction("wait", waits: true) { [unowned worker] _ in
                let fiber = worker.current
                let number = fiber?.nextWait() ?? 0
                fiber?.beginWait(number) {}
                if let fiber { begin(fiber, number) }
                return .await
            }, on: coroutine.stack)
        #expect(coroutine.stack.call(arguments: 2, results: 0) == .ok)
    }

    /// The text of a Lua expression over globals.
    func global(_ expression: String) throws -> String? {
        let vm = worker.generation.vm
        let coroutine = vm.takeCoroutine()
        var source = "return tostring(\(expression))"
        _ = source.withUTF8 { vm.load(UnsafeRawBufferPointer($0), name: "=test", on: coroutine.stack) }
        guard coroutine.resume().status == .ok else { return nil }
        defer { vm.put(coroutine) }
        return coroutine.stack.string(at: 1)
    }

    deinit {
        _ = try? channel.finish(acceptAlreadyClosed: true)
        try? FileManager.default.removeItem(at: directory)
    }

    /// Another connection to the same worker.
    func connect() throws -> (EmbeddedChannel, HTTP1Handler<Worker>) {
        let handler = HTTP1Handler(
            application: worker, loop: LoopConnections(eventLoop: channel.eventLoop), limits: Limits(),
            origin: ConnectionOrigin())
        return (EmbeddedChannel(handler: handler, loop: channel.embeddedEventLoop), handler)
    }

    /// Sends raw bytes and returns what came back at once.
    func send(_ request: String) throws -> String {
        try channel.writeInbound(ByteBuffer(string: request))
        return try received()
    }

    func received() throws -> String {
        var text = ""
        while let part = try channel.readOutbound(as: IOData.self) {
            if case .byteBuffer(let buffer) = part { text += String(buffer: buffer) }
        }
        return text
    }

    /// Makes a file look as if it had been written `seconds` ago.
    func setAge(_ path: String, _ seconds: Double) throws {
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -seconds)],
            ofItemAtPath: directory.appending(path: path).path)
    }

    func write(_ path: String, _ content: String) throws {
        try Data(content.utf8).write(to: directory.appending(path: path))
    }

    func remove(_ path: String) throws {
        try FileManager.default.removeItem(at: directory.appending(path: path))
    }

    /// Requests `path` and returns the whole answer.
    func get(_ path: String, headers: String = "") throws -> String {
        try send("GET \(path) HTTP/1.1\r\nHost: t.example\r\n\(headers)\r\n")
    }

    func post(_ path: String, _ body: String, type: String = "application/x-www-form-urlencoded") throws
        -> String
    {
        try send(
            "POST \(path) HTTP/1.1\r\nHost: t.example\r\nContent-Type: \(type)\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    /// The body of an answer that has one with a length.
    static func body(of answer: String) -> String {
        answer.range(of: "\r\n\r\n").map { String(answer[$0.upperBound...]) } ?? ""
    }
}

/// Keeps log lines.
final class LogCapture: @unchecked Sendable {
    // @unchecked: used on the test's own thread only, through the embedded loop.
    fileprivate(set) var lines: [String] = []

    struct Handler: LogHandler {
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.debug
        private let capture: LogCapture

        init(_ capture: LogCapture) { self.capture = capture }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { capture.lines.append("\(event.level) \(event.message)") }
    }
}

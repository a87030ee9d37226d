// SPDX-License-Identifier: MIT

internal import NIOCore
internal import NIOHTTP2

/// How NIOHTTP2 is set up for a server on the open Internet, and how it comes into a pipeline.
enum HTTP2Setup {
    /// What RFC 9113 §6.9.2 gives every stream and connection.
    static let initialWindow = 65535
    /// A body that somebody takes may have so much on the way: 5 MB/s over a round trip of 50 ms.
    static let streamWindow = 256 << 10
    /// Of all streams together, taken or not: the bound of what one connection makes us keep.
    static let connectionWindow = 1 << 20

    /// HPACKDecoder.defaultMaxHeaderListSize: bounds a head before the client has acknowledged our settings.
    static let earlyHead = 16 << 10

    /// The handlers of a connection, the first nearest to the socket.
    static func handlers<Application: HTTPApplication>(
        application: Application, loop: LoopConnections, limits: Limits, origin: ConnectionOrigin
    ) -> [any ChannelHandler] {
        let connection = HTTP2Connection(application: application, loop: loop, limits: limits, origin: origin)
        let codec = NIOHTTP2Handler(
            mode: .server, frameDelegate: connection, connectionConfiguration: configuration(limits),
            streamConfiguration: streamConfiguration(limits))
        return [TrafficCounter(loop: loop), codec, connection]
    }

    private static func configuration(_ limits: Limits) -> NIOHTTP2Handler.ConnectionConfiguration {
        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
        configuration.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: limits.streams),
            // Each field counts for 32 bytes more than it has (RFC 7541 §4.1).
            HTTP2Setting(parameter: .maxHeaderListSize, value: min(limits.headerBytes, 1 << 24)),
        ]
        configuration.maximumSequentialContinuationFrames = 5
        configuration.maximumSequentialEmptyDataFrames = 10
        configuration.maximumBufferedControlFrames = 1000
        configuration.controlFrameRateLimit.maximumCount = limits.controlFrames
        configuration.controlFrameRateLimit.windowLength = .seconds(10)
        return configuration
    }

    private static func streamConfiguration(_ limits: Limits) -> NIOHTTP2Handler.StreamConfiguration {
        var configuration = NIOHTTP2Handler.StreamConfiguration()
        configuration.streamResetFrameRateLimit.maximumCount = limits.streamResets
        configuration.streamErrorRateLimit.maximumCount = limits.streamResets
        return configuration
    }
}

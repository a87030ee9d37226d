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

    /// The handlers of a connection, the first nearest to the socket.
    static func handlers<Application: HTTPApplication>(
        application: Application, loop: LoopConnections, limits: Limits, origin: ConnectionOrigin
    ) -> [any ChannelHandler] {
        let connection = HTTP2Connection(application: application, loop: loop, limits: limits, origin: origin)
        let codec = NIOHTTP2Handler(
            mode: .server, frameDelegate: connection, connectionConfiguration: configuration(limits),
            streamConfiguration: streamConfiguration(limits))
        return [
            TrafficCounter(loop: loop), FrameGatherer(), HTTP2FrameGate(announcing: announced(limits)), codec,
            connection,
        ]
    }

    /// What the client is told.
    private static func announced(_ limits: Limits) -> [(parameter: UInt16, value: UInt32)] {
        [
            (3, UInt32(clamping: limits.streams)),  // SETTINGS_MAX_CONCURRENT_STREAMS
            // SETTINGS_MAX_HEADER_LIST_SIZE: each field counts for 32 bytes more than it has (RFC 7541 §4.1).
            (6, UInt32(clamping: min(limits.headerBytes, 1 << 24))),
        ]
    }

    /// Up to here a head above the limit is unpacked and answered with 431; beyond, the connection ends: NIOHTTP2 does
    /// not go on with a list that it has not read to its end.
    private static func largestHead(_ limits: Limits) -> Int {
        4 &* max(16 << 10, min(limits.headerBytes, 1 << 24))
    }

    private static func configuration(_ limits: Limits) -> NIOHTTP2Handler.ConnectionConfiguration {
        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
        configuration.initialSettings = [
            // HTTP2Connection refuses single streams; NIOHTTP2 would end the connection (RFC 9113 §5.1.2).
            HTTP2Setting(parameter: .maxConcurrentStreams, value: 1 << 20),
            HTTP2Setting(parameter: .maxHeaderListSize, value: largestHead(limits)),
        ]
        configuration.headerBlockValidation = .disabled  // HTTP2FieldRules
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

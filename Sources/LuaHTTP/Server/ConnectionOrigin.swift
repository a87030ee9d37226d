// SPDX-License-Identifier: MIT

internal import NIOCore

/// Where a connection comes from and over what, as far as it is the same for all of its requests.
struct ConnectionOrigin {
    /// Of the client, or of the proxy before it; as the PROXY header has it where there is one.
    var remoteAddress: SocketAddress?
    /// TLS ends here: answers are encrypted before they reach the socket.
    var isEncrypted = false
    /// TLS ends here, or at a proxy that says so in its PROXY header.
    var isSecure = false
    /// Set if the peer is one of those whose Forwarded fields are believed.
    var proxies: TrustedProxies?
}

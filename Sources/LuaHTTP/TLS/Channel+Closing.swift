// SPDX-License-Identifier: MIT

internal import NIOCore
internal import NIOSSL

extension Channel {
    /// Closes the socket without a word of TLS: NIOSSL would say goodbye, and wait for the client to say it, too.
    func closeAtOnce() {
        if let tls = try? pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self) {
            tls.close(promise: nil)
        } else {
            close(promise: nil)
        }
    }
}

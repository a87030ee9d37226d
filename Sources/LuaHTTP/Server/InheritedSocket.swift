// SPDX-License-Identifier: MIT

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// A listening socket that another process made: systemd, or a program that embeds the server. Knows what it listens
/// on, and does not accept.
struct InheritedSocket {
    let descriptor: Int32
    let address: ListenAddress

    /// - Throws: ``SystemError`` when it is no stream socket that listens.
    init(_ descriptor: Int32) throws(SystemError) {
        self.descriptor = descriptor
        var isListening: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &isListening, &size) == 0 else {
            throw SystemError(code: errno)
        }
        guard isListening != 0 else { throw SystemError(code: EINVAL) }
        var storage = sockaddr_storage()
        size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let status = withUnsafeMutableBytes(of: &storage) { bytes in
            // SAFETY: getsockname writes at most `size` bytes, all of them ours.
            bytes.baseAddress.map {
                getsockname(descriptor, $0.assumingMemoryBound(to: sockaddr.self), &size)
            } ?? -1
        }
        guard status == 0 else { throw SystemError(code: errno) }
        address = Self.address(storage)
    }

    var isTCP: Bool { address.hostAndPort != nil }

    /// Port and address lie at the same places everywhere: behind the two bytes that hold the family; those of IPv6
    /// have four bytes of flow information between them.
    private static func address(_ storage: sockaddr_storage) -> ListenAddress {
        withUnsafeBytes(of: storage) { bytes in
            let port = Int(bytes[2]) &<< 8 | Int(bytes[3])
            switch Int32(storage.ss_family) {
            case AF_INET: return .tcp(host: text(bytes[4..<8], AF_INET), port: port)
            case AF_INET6: return .tcp(host: text(bytes[8..<24], AF_INET6), port: port)
            default:
                // A name in the abstract namespace begins with NUL, and ends there for us.
                return .unix(path: String(decoding: bytes.dropFirst(2).prefix { $0 != 0 }, as: UTF8.self))
            }
        }
    }

    private static func text(_ address: Slice<UnsafeRawBufferPointer>, _ family: Int32) -> String {
        let address = UnsafeRawBufferPointer(rebasing: address)
        var room = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(family, address.baseAddress, &room, socklen_t(room.count)) != nil else { return "?" }
        return String(decoding: room.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

// SPDX-License-Identifier: MIT

#if canImport(Glibc)
internal import Glibc

/// The kernel's queue of what happens in directories (inotify(7)). Knows no files, only names in directories that it
/// was told to watch.
final class EventQueue {
    /// Readable while there are events.
    let descriptor: Int32

    struct Event {
        /// The number that ``watch(_:)`` returned.
        var directory: Int32
        /// Empty for the directory itself.
        var name: String
        var isDirectory: Bool
    }

    enum Reading {
        case events([Event])
        /// Some were lost: anything may have happened.
        case overflow
    }

    init() throws(SystemError) {
        descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        guard descriptor >= 0 else { throw SystemError(code: errno) }
    }

    deinit { close(descriptor) }

    /// Not IN_MODIFY: a file counts when its writer closes it, not half-written.
    private static let mask = UInt32(
        IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF
            | IN_ATTRIB | IN_ONLYDIR)

    /// The number of the directory; watching it again gives the same.
    func watch(_ directory: String) throws(SystemError) -> Int32 {
        let number = inotify_add_watch(descriptor, directory, Self.mask)
        guard number >= 0 else { throw SystemError(code: errno) }
        return number
    }

    func unwatch(_ number: Int32) { inotify_rm_watch(descriptor, number) }

    /// Takes all events that are there.
    func read() -> Reading {
        var events: [Event] = []
        var hasOverflowed = false
        withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 8) { buffer in
            while case let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count), count > 0 {
                Self.parse(UnsafeRawBufferPointer(rebasing: buffer[..<count])) { event, mask in
                    if mask & UInt32(IN_Q_OVERFLOW) != 0 {
                        hasOverflowed = true
                    }
                    // A watch that is gone, because it was ended or the directory is.
                    else if mask & UInt32(IN_IGNORED) == 0 {
                        events.append(event)
                    }
                }
            }
        }
        return hasOverflowed ? .overflow : .events(events)
    }

    private static func parse(_ bytes: UnsafeRawBufferPointer, _ body: (Event, UInt32) -> Void) {
        let head = MemoryLayout<inotify_event>.size
        var rest = bytes[...]
        while rest.count >= head {
            // SAFETY: `head` bytes are there.
            let event = UnsafeRawBufferPointer(rebasing: rest).loadUnaligned(as: inotify_event.self)
            let end = rest.startIndex + head + min(Int(event.len), rest.count - head)
            let name = rest[(rest.startIndex + head)..<end].prefix { $0 != 0 }
            body(
                Event(
                    directory: event.wd, name: String(decoding: name, as: UTF8.self),
                    isDirectory: event.mask & UInt32(IN_ISDIR) != 0),
                event.mask)
            rest = rest[end...]
        }
    }
}
#endif

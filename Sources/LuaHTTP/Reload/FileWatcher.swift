// SPDX-License-Identifier: MIT

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Waits until something may have happened to the files of a dependency set. A thin shell over the kernel's event
/// queue; where there are no events, it says "maybe" once a second. What did happen is for a sweep to find out.
final class FileWatcher {
    /// Milliseconds between two looks at files that have no events.
    static let pollingInterval: Int32 = 1000

    private let wakes: WakePipe
    /// Some of the files have no events, for a reason that was logged.
    private(set) var isPolling = false
    private let log: (String) -> Void

    #if canImport(Glibc)
    /// Names of a directory that count; nil for all.
    private typealias Names = Set<String>?

    private let queue: EventQueue?
    private var numbers: [String: Int32] = [:]
    private var names: [Int32: Names] = [:]
    private let mounts = MountTable(
        String(decoding: SourceFile.read("/proc/self/mountinfo", limit: 4 << 20) ?? [], as: UTF8.self))
    var descriptor: Int32 { queue?.descriptor ?? -1 }
    #else
    var descriptor: Int32 { -1 }
    #endif

    /// - Parameters:
    ///   - wakes: wakes ``wait()`` as well.
    ///   - log: takes the reason for polling, once.
    init(wakes: WakePipe, log: @escaping (String) -> Void) {
        self.wakes = wakes
        self.log = log
        #if canImport(Glibc)
        do throws(SystemError) {
            queue = try EventQueue()
        } catch {
            queue = nil
            fallBack("inotify is not to be had: \(error)")
        }
        #else
        isPolling = true
        #endif
    }

    /// Something happened that nobody has looked at.
    var hasEvents: Bool { descriptor >= 0 && Readiness.hasInput(descriptor) }

    func pause(milliseconds: Int32) { _ = Readiness.wait(for: [], timeout: milliseconds) }

    /// Returns when something may have happened, or somebody woke us.
    func wait() {
        _ = Readiness.wait(
            for: [descriptor, wakes.input], timeout: isPolling ? Self.pollingInterval : -1)
    }

    /// Waits until `milliseconds` have passed without an event; the time in all is limited.
    ///
    /// - Returns: how many events came.
    func waitForQuiet(milliseconds: Int32, limit: UInt64) -> Int {
        let end = Clock.milliseconds() &+ limit
        var count = 0
        while Readiness.wait(for: [descriptor], timeout: milliseconds), Clock.milliseconds() < end {
            count += takeEvents().count
        }
        return count
    }

    private func fallBack(_ reason: String) {
        guard !isPolling else { return }
        isPolling = true
        log("\(reason); files are looked at once a second instead")
    }

    // MARK: Events

    #if canImport(Glibc)
    /// What came since the last call. `isRelevant`: one of them may concern a file of the set.
    func takeEvents() -> (count: Int, isRelevant: Bool) {
        switch queue?.read() {
        case nil: (0, isPolling)
        case .overflow: (1, true)
        case .events(let events): (events.count, isPolling || events.contains(where: concerns))
        }
    }

    private func concerns(_ event: EventQueue.Event) -> Bool {
        guard let names = names[event.directory] else { return false }
        guard !event.name.isEmpty else { return true }
        return names?.contains(event.name) ?? !LeftoverName.matches(event.name)
    }

    /// Watches where the files of `set` are, or would be. `directories`: those of its trees.
    func watch(_ set: DependencySet, directories: some Sequence<String>) {
        guard let queue else { return }
        var wanted: [String: Names] = [:]
        for file in set.files { want(file, &wanted) }
        for tree in set.trees { want(tree.path, &wanted) }
        for directory in directories { wanted.updateValue(nil, forKey: directory) }
        names = [:]
        var kept: [String: Int32] = [:]
        for (directory, some) in wanted {
            guard mounts.hasEvents(Self.realPath(directory) ?? directory) else {
                fallBack("\(directory) lies on a file system without events")
                continue
            }
            do throws(SystemError) {
                let number = try queue.watch(directory)
                kept[directory] = number
                // Two paths may lead to one directory.
                names.updateValue(Self.union(names[number] ?? [], some), forKey: number)
            } catch  where error.code == ENOSPC || error.code == ENOMEM {
                fallBack("no more directories can be watched (fs.inotify.max_user_watches): \(error)")
            } catch {
                // It has gone meanwhile: an event of the directory above says so.
            }
        }
        let used = Set(kept.values)
        for number in numbers.values where !used.contains(number) { queue.unwatch(number) }
        numbers = kept
    }

    private static func union(_ a: Names, _ b: Names) -> Names {
        guard let a, let b else { return nil }
        return a.union(b)
    }

    /// The directory of `path` and the name in it, or the nearest directory above that is there; the same for what
    /// a link leads to.
    private func want(_ path: String, _ wanted: inout [String: Names]) {
        var links = [path]
        if let real = Self.realPath(path), real != path { links.append(real) }
        for path in links {
            var (directory, name) = Self.split(path)
            while access(directory, F_OK) != 0, directory != ".", directory != "/" {
                (directory, name) = Self.split(directory)
            }
            wanted[directory] = Self.union(wanted[directory] ?? [], [name])
        }
    }

    private static func split(_ path: String) -> (directory: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        return (
            slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...])
        )
    }

    private static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
    #else
    func takeEvents() -> (count: Int, isRelevant: Bool) { (0, true) }
    func watch(_ set: DependencySet, directories: some Sequence<String>) {}
    #endif
}

@available(*, unavailable)
extension FileWatcher: Sendable {}

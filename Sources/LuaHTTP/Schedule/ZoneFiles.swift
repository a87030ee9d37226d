// SPDX-License-Identifier: MIT

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Finds the rules of a time zone by its name, in the system's zoneinfo.
enum ZoneFiles {
    private static let directories = ["/usr/share/zoneinfo/", "/usr/lib/zoneinfo/", "/etc/zoneinfo/"]
    /// The largest file of the time zone database has 4 KiB.
    private static let largest = 256 << 10

    /// - Parameter name: "local" (as TZ or /etc/localtime say), "UTC", or a name such as "Europe/Berlin".
    static func rules(named name: String) -> TimeZoneRules? {
        switch name {
        case "local": local
        case "UTC": .utc
        default: file(named: name)
        }
    }

    private static var local: TimeZoneRules {
        if let value = getenv("TZ") {
            var name = String(cString: value)
            if name.hasPrefix(":") { name.removeFirst() }
            if name.isEmpty || name == "UTC" { return .utc }
            return read(name.hasPrefix("/") ? name : "") ?? file(named: name) ?? TimeZoneRules(posix: name)
                ?? .utc
        }
        return read("/etc/localtime") ?? .utc
    }

    private static func file(named name: String) -> TimeZoneRules? {
        // A name from a script does not lead out of the directory.
        let isPlain = name.utf8.allSatisfy { byte in
            ASCII.isAlpha(byte) || ASCII.isDigit(byte) || [0x2F, 0x2B, 0x2D, 0x5F].contains(byte)  // / + - _
        }
        guard isPlain, !name.isEmpty, !name.hasPrefix("/"), name.utf8.count < 100 else { return nil }
        for directory in directories {
            if let rules = read(directory + name) { return rules }
        }
        return nil
    }

    private static func read(_ path: String) -> TimeZoneRules? {
        guard !path.isEmpty else { return nil }
        return SourceFile.read(path, limit: largest).flatMap { TimeZoneRules(file: $0) }
    }
}

// SPDX-License-Identifier: MIT

#if canImport(Glibc)
import Glibc
#endif

/// Code that only starting needed does not stay in memory: an idle server has no use for it.
///
/// The kernel maps 16 pages around each one that is touched, so a start leaves most of the program resident.
enum StartupPages {
    /// Gives the pages of code and constants back; those that are needed come back from the page cache, at well under a
    /// microsecond each.
    static func release() {
        #if os(Linux)
        guard let file = fopen("/proc/self/maps", "re") else { return }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 4096)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
            guard let mapping = ConstantMapping(text),
                let address = UnsafeMutableRawPointer(bitPattern: mapping.start)
            else { continue }
            // SAFETY: mapped from a file, and never written to: what is dropped is read again when it is needed.
            _ = madvise(address, Int(mapping.length), MADV_DONTNEED)
        }
        #endif
    }
}

/// A line of /proc/self/maps (proc(5)), `start-end flags offset device inode path`, that is code or constants of a file.
struct ConstantMapping: Equatable {
    let start: UInt
    let length: UInt

    /// Nil for every other mapping: data, the stack, what the kernel itself lends. Read-only is also what the dynamic
    /// linker has written to (RELRO): constants are only what is mapped from the file's beginning, its header.
    init?(_ line: [UInt8]) {
        let fields = line.split(separator: UInt8(ascii: " "))
        guard fields.count >= 6, fields[5].first == UInt8(ascii: "/") else { return nil }
        let isCode = fields[1].elementsEqual("r-xp".utf8)
        let isHeader =
            fields[1].elementsEqual("r--p".utf8) && fields[2].allSatisfy { $0 == UInt8(ascii: "0") }
        let bounds = fields[0].split(separator: UInt8(ascii: "-"))
        guard isCode || isHeader, bounds.count == 2,
            let start = UInt(String(decoding: bounds[0], as: UTF8.self), radix: 16),
            let end = UInt(String(decoding: bounds[1], as: UTF8.self), radix: 16), end > start,
            end <= UInt(Int.max)
        else { return nil }
        self.start = start
        length = end - start
    }
}

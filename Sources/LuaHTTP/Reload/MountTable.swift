// SPDX-License-Identifier: MIT

/// Which directories lie on file systems whose changes the kernel does not hear of: those that other machines write
/// to. Pure; made of the text of /proc/self/mountinfo (proc(5)).
struct MountTable: Sendable {
    private var mounts: [(path: String, type: Substring)] = []

    init(_ text: String) {
        // 36 35 98:0 /root /mount/point options [optional …] - type source options
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 6, let dash = fields[6...].firstIndex(of: "-"), dash + 1 < fields.count
            else {
                continue
            }
            mounts.append((Self.unescape(fields[4]), fields[dash + 1]))
        }
    }

    /// Of the mount with the longest path above `path`, an absolute one; of two at the same place, the later.
    func hasEvents(_ path: String) -> Bool {
        var (best, type): (Int, Substring) = (-1, "")
        for mount in mounts
        where mount.path.utf8.count >= best
            && (mount.path == "/" || path == mount.path || path.hasPrefix(mount.path + "/"))
        {
            (best, type) = (mount.path.utf8.count, mount.type)
        }
        return !Self.silent.contains(type) && !type.hasPrefix("fuse.")
    }

    private static let silent: Set<Substring> = [
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "virtiofs", "vboxsf", "prl_fs", "vmhgfs", "afs", "ceph",
        "glusterfs", "lustre", "fuse", "drvfs", "davfs",
    ]

    /// A space is \040 there.
    private static func unescape(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.count >= 3,
                let code = UInt8(String(rest.prefix(3)) ?? "", radix: 8)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

/// Lines of /proc/self/mountinfo.
struct MountTableTests {
    private let table = MountTable(
        """
        22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
        23 22 0:40 / /mnt/share rw - nfs4 server:/x rw
        24 23 0:41 / /mnt/share/local rw master:1 propagate_from:2 - tmpfs tmpfs rw
        25 22 0:42 / /home/me/my\\040site rw - fuse.sshfs me@host: rw
        26 22 0:43 / /src rw - ext4 /dev/sdb rw
        27 22 0:44 / /src rw - 9p host rw
        broken line
        """)

    @Test(arguments: [
        ("/", true), ("/srv/app", true), ("/mnt/share", false), ("/mnt/share/a/b", false),
        ("/mnt/shared", true),
        ("/mnt/share/local/x", true), ("/home/me/my site/templates", false), ("/home/me/my", true),
        ("/src", false),
    ])
    func eventsComeWhereOnlyThisMachineWrites(path: String, hasEvents: Bool) {
        #expect(table.hasEvents(path) == hasEvents)
    }

    @Test func withoutATableEventsAreHopedFor() { #expect(MountTable("").hasEvents("/srv")) }
}

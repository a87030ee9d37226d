// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct LeftoverNameTests {
    @Test(arguments: [
        ".page.html.swp", ".#page.html", "#page.html#", "page.html~", "4913", "page.html.swp",
        "page.html.tmp",
        "page.html___jb_tmp___", "page.html___jb_old___", "app.db-wal", "app.db-shm", "app.db-journal",
        "x.bak", ".git", "",
    ])
    func whatEditorsAndDatabasesLeave(name: String) {
        #expect(LeftoverName.matches(name))
    }

    @Test(arguments: [
        "page.html", "a#b.html", "4913.html", "swp", "tmp", "journal", "x-wal.html", "app.db", "-wal",
    ])
    func realNames(name: String) {
        #expect(!LeftoverName.matches(name))
    }
}

// SPDX-License-Identifier: MIT

import NIOEmbedded
import Testing

@testable import LuaHTTP

/// Requests that wait until files that changed are dealt with.
struct FreshnessTests {
    private let directory = TemporaryDirectory()
    private let loop = EmbeddedEventLoop()
    private let events: WakePipe
    private let wakes: WakePipe
    private let freshness: Freshness

    init() throws {
        events = try WakePipe()
        wakes = try WakePipe()
        freshness = Freshness(events: events.input, wakes: wakes)
    }

    @Test func anEventThatNobodyHasLookedAtIsADoubt() {
        #expect(!freshness.isInDoubt())
        events.wake()
        #expect(freshness.isInDoubt())
        // The reloader takes it: there is a doubt until it is done with it.
        let turn = freshness.beginTurn()
        events.drain()
        #expect(freshness.isInDoubt())
        freshness.end(turn)
        #expect(!freshness.isInDoubt())
    }

    @Test func whoWaitsGoesOnAfterTheTurnThatBeganLater() {
        var done: [Int] = []
        let early = freshness.beginTurn()
        freshness.whenSettled(on: loop) { done.append(1) }
        #expect(Readiness.hasInput(wakes.input))
        freshness.end(early)
        loop.run()
        #expect(done == [])
        let turn = freshness.beginTurn()
        freshness.end(turn)
        loop.run()
        #expect(done == [1])
        freshness.end(freshness.beginTurn())
        loop.run()
        #expect(done == [1])
    }

    @Test func filesAreLookedAtNowAndThen() {
        directory.write("app.lua", "one")
        var set = DependencySet()
        set.insert(file: directory.path + "/app.lua")
        set.insert(file: directory.path + "/missing.lua")
        freshness.learn(set, FileSweep.take(set, knowing: FileSnapshot()), isPolled: false)
        #expect(!freshness.isInDoubt())
        directory.write("missing.lua")
        // The next look is due after a while.
        while !freshness.isInDoubt() {}
        let turn = freshness.beginTurn()
        #expect(turn.hasSeenDifference)
        freshness.end(turn)
    }

    @Test func afterTheEndNobodyWaits() {
        var count = 0
        freshness.whenSettled(on: loop) { count += 1 }
        freshness.stop()
        freshness.whenSettled(on: loop) { count += 1 }
        loop.run()
        #expect(count == 2)
        #expect(!freshness.isInDoubt())
    }
}

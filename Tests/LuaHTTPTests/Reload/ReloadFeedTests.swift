// SPDX-License-Identifier: MIT

import NIOEmbedded
import Testing

@testable import LuaHTTP

/// Who hears of what, and what a newcomer is told.
struct ReloadFeedTests {
    private let failure = ReloadFailure.script(ScriptError(message: "no", file: "app.lua", line: 3))

    @Test func theLastStateIsKept() {
        let feed = ReloadFeed()
        #expect(feed.state == ReloadFeed.State(generation: 1))
        feed.publish(.failed(failure))
        #expect(feed.state == ReloadFeed.State(generation: 1, failure: failure))
        feed.publish(.stylesheetsChanged(["/a.css"]))
        #expect(feed.state.failure == failure)
        feed.publish(.mended)
        #expect(feed.state == ReloadFeed.State(generation: 1))
        feed.publish(.failed(failure))
        feed.publish(.reloaded(generation: 2))
        #expect(feed.state == ReloadFeed.State(generation: 2))
    }

    @Test func eventsComeInOrderOnTheLoopOfTheSubscriber() {
        let (feed, loop) = (ReloadFeed(), EmbeddedEventLoop())
        feed.publish(.failed(failure))
        var heard: [ReloadFeed.Event] = []
        let (subscription, state) = feed.subscribe(on: loop) { heard.append($0) }
        #expect(state.failure == failure)
        feed.publish(.reloaded(generation: 2))
        feed.publish(.filesChanged(["/a.png"]))
        #expect(heard.isEmpty)
        loop.run()
        #expect(heard == [.reloaded(generation: 2), .filesChanged(["/a.png"])])
        subscription.cancel()
    }

    @Test func afterItsEndASubscriptionHearsNothing() {
        let (feed, loop) = (ReloadFeed(), EmbeddedEventLoop())
        var count = 0
        let (subscription, _) = feed.subscribe(on: loop) { _ in count += 1 }
        feed.publish(.reloaded(generation: 2))
        subscription.cancel()
        feed.publish(.reloaded(generation: 3))
        loop.run()
        #expect(count == 0)
    }
}

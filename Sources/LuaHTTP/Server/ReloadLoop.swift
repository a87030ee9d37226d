// SPDX-License-Identifier: MIT

internal import Logging

/// The work of a reloader, turn by turn, on its thread: looks at the files, builds aside what they say, and lets the
/// workers swap. What is in force stays until all that replaces it is ready.
final class ReloadLoop {
    /// An attempt that failed: what it was made of, and how that looked.
    private struct Attempt {
        var failure: ReloadFailure
        var set: DependencySet
        var snapshot: FileSnapshot
        var isReported = false
    }

    private var builder: AppBuilder
    private var product: AppBuilder.Product
    private let pool: WorkerPool
    private let equip: (inout ResolvedSettings) -> Void
    private let feed: ReloadFeed
    private let freshness: Freshness?
    private let watch: FileWatch?
    private let wakes: WakePipe
    /// What runs until a restart.
    private let started: ResolvedSettings
    /// Differences from it that the log has.
    private var told: [String] = []

    /// Of what is in force; grows when a handler requires a module for the first time.
    private var record: DependencyRecord
    /// How the files looked that are in force; the static ones as open pages have them.
    private var inForce: FileSnapshot
    private var failed: Attempt?
    private var generation = 1
    private var hasLooked = false
    /// Files were written to while they were loaded: half of an old version and half of a new one may be what was read.
    private var hasMoved = false
    /// An app that writes to its own files never comes to rest.
    private static let mostRounds = 5

    init(
        _ builder: AppBuilder, _ product: AppBuilder.Product, pool: WorkerPool, feed: ReloadFeed,
        freshness: Freshness?, equip: @escaping (inout ResolvedSettings) -> Void, watcher: FileWatcher?,
        wakes: WakePipe
    ) {
        self.builder = builder
        self.product = product
        started = product.settings
        self.pool = pool
        self.feed = feed
        self.equip = equip
        self.freshness = freshness
        self.wakes = wakes
        let record = builder.record ?? DependencyRecord()
        let snapshot = record.content.snapshot
        self.record = record
        inForce = snapshot
        watch = watcher.map { FileWatch($0, knowing: snapshot) }
    }

    // MARK: Turns

    /// Sleeps until there may be something to do.
    func wait() {
        if let watch {
            if hasLooked { watch.watcher.wait() }
        } else {
            _ = Readiness.wait(for: [wakes.input], timeout: -1)
        }
        wakes.drain()
    }

    /// Does what there is to do. Returns why what was asked for failed.
    func turn(isForced: Bool) -> ReloadFailure? {
        let waiting = freshness?.beginTurn()
        defer { if let waiting { freshness?.end(waiting) } }
        let isFirst = watch != nil && !hasLooked
        var isDue = isForced || isFirst || waiting?.hasSeenDifference == true || hasNewFiles
        var rounds = 0
        repeat {
            isDue = watch?.watcher.takeEvents().isRelevant == true || isDue
            guard isDue else { break }
            hasMoved = false
            rounds += 1
            act(isForced: isForced && rounds == 1, mayMove: rounds < Self.mostRounds)
            // A save may not be at its end when its first part is seen: what comes meanwhile is looked at before a
            // failure is told.
            isDue = hasMoved
        } while rounds < Self.mostRounds
            && (hasMoved || failed?.isReported == false && watch?.watcher.hasEvents == true)
        reportFailure()
        return failed?.failure
    }

    /// Handlers have required modules that were not known.
    private var hasNewFiles: Bool { watch.map { !$0.covers(record.content.set) } ?? false }

    private func act(isForced: Bool, mayMove: Bool) {
        guard let watch else { return reload([]) }
        let isFirst = !hasLooked
        hasLooked = true
        let content = record.content
        // Of modules that were required since.
        for (path, entry) in content.snapshot.entries
        where entry.role == .script && inForce.entries[path] == nil {
            inForce.entries[path] = entry
        }
        if !isFirst { watch.waitForQuiet() }
        let now = watch.look(at: content.set, besides: failed?.set, unlike: inForce)
        let plan = ReloadPlan(
            changes: now.inForce.changes(since: inForce),
            sinceFailure: failed.map { now.all.changes(since: $0.snapshot) }, isForced: isForced)
        inForce.takeAssets(of: now.inForce)
        switch plan.step {
        case .nothing: break
        case .mended: mend()
        case .templates: reloadTemplates(plan.changed, now.inForce, mayMove: mayMove)
        case .everything: reload(plan.changed, now.inForce, mayMove: mayMove)
        }
        if !isFirst, failed != nil || plan.step == .nothing || plan.step == .mended { tellOfAssets(plan) }
        let all = record.content.set.union(failed?.set ?? DependencySet())
        watch.watch(all)
        freshness?.learn(all, watch.seen, isPolled: watch.watcher.isPolling)
    }

    private func tellOfAssets(_ plan: ReloadPlan) {
        if !plan.assets.isEmpty {
            feed.publish(.filesChanged(plan.stylesheets + plan.assets))
        } else if !plan.stylesheets.isEmpty {
            feed.publish(.stylesheetsChanged(plan.stylesheets))
        }
    }

    // MARK: Steps

    /// Loads everything aside and lets all workers swap.
    private func reload(_ changed: [String], _ now: FileSnapshot = FileSnapshot(), mayMove: Bool = false) {
        let start = ContinuousClock.now
        reloadCertificates(product.settings.tls.certificates)
        let attempt = DependencyRecord { [wakes] in wakes.wake() }
        builder.record = watch == nil ? nil : attempt
        builder.known = product.templates
        do throws(ReloadFailure) {
            try refuseEmptyScript()
            var built = try builder.build(workers: pool.count)
            if mayMove, hasBeenWritten(attempt, since: now) { return hasMoved = true }
            equip(&built.settings)
            if built.settings.tls.certificates != product.settings.tls.certificates {
                reloadCertificates(built.settings.tls.certificates)
            }
            sayWhatNeedsRestart(built.settings)
            builder.logger.logLevel = built.settings.logLevel
            guard
                let lost = try? pool.replaceGenerations(
                    by: built.generations, configuration: built.settings.workerConfiguration,
                    logger: builder.logger)
            else { return }  // the loops have ended
            for complaint in lost.sorted() { builder.logger.warning("not handed on: \(complaint)") }
            product = built
            product.generations = []
            record = attempt
            let assets = inForce
            inForce = attempt.content.snapshot
            inForce.takeAssets(of: assets)
            if let watch {
                inForce.takeAssets(of: watch.look(at: attempt.content.set, unlike: inForce).inForce)
            }
            succeed("reloaded", changed, since: start)
        } catch {
            if mayMove, hasBeenWritten(attempt, since: now) { return hasMoved = true }
            var snapshot = now
            snapshot.entries.merge(attempt.content.snapshot.entries) { $1 }
            fail(error, attempt.content.set, snapshot)
        }
    }

    private func reloadTemplates(_ changed: [String], _ now: FileSnapshot, mayMove: Bool) {
        let start = ContinuousClock.now
        let attempt = DependencyRecord()
        builder.record = attempt
        builder.known = product.templates
        do throws(ReloadFailure) {
            let templates = try builder.buildTemplates(for: product)
            if mayMove, hasBeenWritten(attempt, since: now) { return hasMoved = true }
            guard (try? pool.replaceTemplates(by: templates)) != nil else { return }
            product.templates = templates
            for (path, entry) in inForce.entries where entry.role == .template && now.entries[path] == nil {
                inForce.entries[path] = nil
            }
            inForce.entries.merge(now.entries.filter { $0.value.role == .template }) { $1 }
            succeed("templates reloaded", changed, since: start)
        } catch {
            if mayMove, hasBeenWritten(attempt, since: now) { return hasMoved = true }
            fail(error, DependencySet(), now)
        }
    }

    /// What was read for `attempt` is not what its files say, or may have been read in the middle of a save.
    private func hasBeenWritten(_ attempt: DependencyRecord, since look: FileSnapshot) -> Bool {
        attempt.hasChanged || attempt.content.snapshot.hasEmptied(since: look)
    }

    private func succeed(_ what: String, _ changed: [String], since start: ContinuousClock.Instant) {
        let time = start.duration(to: .now)
        let milliseconds =
            time.components.seconds * 1000 + time.components.attoseconds / 1_000_000_000_000_000
        failed = nil
        generation += 1
        let names = changed.prefix(3).map { $0.hasPrefix("./") ? String($0.dropFirst(2)) : $0 }
            .joined(separator: ", ")
        let rest = changed.count > 3 ? " and \(changed.count - 3) more" : ""
        let reason = changed.isEmpty ? "" : ": \(names)\(rest) changed"
        builder.logger.info("\(what) in \(milliseconds) ms\(reason)")
        feed.publish(.reloaded(generation: generation))
    }

    private func mend() {
        failed = nil
        builder.logger.info("the files are again as they were loaded last")
        feed.publish(.mended)
    }

    /// - Parameters:
    ///   - set: of the attempt; what is in force belongs to it as well.
    ///   - snapshot: how all of that looked.
    private func fail(_ failure: ReloadFailure, _ set: DependencySet, _ snapshot: FileSnapshot) {
        failed = Attempt(failure: failure, set: set.union(record.content.set), snapshot: snapshot)
    }

    private func reportFailure() {
        guard let failed, !failed.isReported else { return }
        self.failed?.isReported = true
        builder.logger.error(
            "the app does not load; the last good version goes on\n\(LogText.block(failed.failure.text))")
        feed.publish(.failed(failed.failure))
    }

    /// A file that is being written is empty at first. An app that is meant to be empty can be started, not become so.
    private func refuseEmptyScript() throws(ReloadFailure) {
        guard let source = SourceFile.read(builder.options.script, limit: GenerationLoader.largestScript),
            source.allSatisfy({ $0 == ASCII.space || $0 == ASCII.lf || $0 == ASCII.cr || $0 == 0x09 })
        else { return }
        throw .script(ScriptError(message: "the main script is empty", file: builder.options.script, line: 1))
    }

    /// Even if the app does not load: certificates expire, whatever it says.
    private func reloadCertificates(_ source: CertificateKeeper.Source?) {
        guard let source, let certificates = pool.entrance.certificates else { return }
        do throws(LoadError) {
            try certificates.reload(source)
            for fault in certificates.faults(at: Clock.seconds()) { builder.logger.warning("\(fault)") }
        } catch {
            builder.logger.error("the certificate that was in force goes on: \(error)")
        }
    }

    private func sayWhatNeedsRestart(_ new: ResolvedSettings) {
        let differences = new.differencesNeedingRestart(from: started)
        for difference in differences where !told.contains(difference) {
            builder.logger.warning("\(difference): restart to apply")
        }
        told = differences
    }
}

@available(*, unavailable)
extension ReloadLoop: Sendable {}

// SPDX-License-Identifier: MIT

internal import Synchronization

/// The last reports of failures that an error page of the app stood before, shared by all workers. Only used in
/// development.
final class ReportShelf: Sendable {
    private let pages = Mutex<[(number: String, page: ErrorPage)]>([])

    /// One author looks at one or two.
    private static let most = 16

    /// Returns what ``page(_:)`` takes: nothing that could be guessed.
    func keep(_ page: ErrorPage) -> String {
        let number = RequestIdentifier.make()
        pages.withLock { pages in
            pages.append((number, page))
            if pages.count > Self.most { pages.removeFirst() }
        }
        return number
    }

    func page(_ number: String) -> ErrorPage? {
        pages.withLock { $0.first { $0.number == number }?.page }
    }
}

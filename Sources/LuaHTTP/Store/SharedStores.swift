// SPDX-License-Identifier: MIT

internal import Synchronization

/// The shared stores of a server by name. They belong to the server, so they outlive a reload.
final class SharedStores: Sendable {
    private let stores = Mutex<[String: SharedStore]>([:])

    /// Names come from the script; more than this come from its clients.
    static let most = 256

    /// The store of that name, made when it is first asked for; nil when there are too many.
    ///
    /// - Parameter size: its bound from now on, in bytes; nil leaves it as it is.
    func store(named name: String, size: Int?, at now: UInt64) -> SharedStore? {
        let store: SharedStore? = stores.withLock { stores in
            if let store = stores[name] { return store }
            guard stores.count < Self.most else { return nil }
            let store = SharedStore(size: size ?? SharedStore.defaultSize)
            stores[name] = store
            return store
        }
        if let store, let size, store.size != size { store.resize(to: size, at: now) }
        return store
    }
}

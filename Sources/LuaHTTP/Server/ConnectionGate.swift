// SPDX-License-Identifier: MIT

internal import NIOConcurrencyHelpers

/// Counts the connections of all loops, in all and for each address, against their limits.
/// Asked once for each connection, never for a request. Knows no channels.
final class ConnectionGate: Sendable {
    enum Verdict: Equatable, Sendable {
        case admitted
        /// Counted all the same: say `leave` when it is closed.
        case full(Limits.Name)
    }

    private struct State {
        var total = 0
        var byAddress: [AddressKey: Int] = [:]
    }

    private let state = NIOLockedValueBox(State())
    private let total: Int
    private let perAddress: Int
    private let countsLoopback: Bool

    /// - Parameter countsLoopback: the limit for each address holds for this machine too. By default it does not:
    ///   a proxy on it stands for all clients.
    init(total: Int, perAddress: Int, countsLoopback: Bool = false) {
        self.total = total
        self.perAddress = perAddress
        self.countsLoopback = countsLoopback
    }

    func enter(_ address: AddressKey?) -> Verdict {
        let address = counted(address)
        return state.withLockedValue { state in
            state.total += 1
            let ofAddress = address.map { address in
                let count = state.byAddress[address, default: 0] + 1
                state.byAddress[address] = count
                return count
            }
            if let ofAddress, ofAddress > perAddress { return .full(.connectionsPerAddress) }
            return state.total > total ? .full(.connections) : .admitted
        }
    }

    func leave(_ address: AddressKey?) {
        let address = counted(address)
        state.withLockedValue { state in
            state.total -= 1
            guard let address, let count = state.byAddress[address] else { return }
            state.byAddress[address] = count > 1 ? count - 1 : nil
        }
    }

    private func counted(_ address: AddressKey?) -> AddressKey? {
        address.flatMap { $0.isLoopback && !countsLoopback ? nil : $0 }
    }
}

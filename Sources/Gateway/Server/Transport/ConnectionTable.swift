/// Why a connection was closed to make room for others; a closed set of metric labels.
enum EvictionReason: String, CaseIterable {
    /// It had no complete request in progress.
    case waiting
    /// Its address had more than half of the listener's connections, and another address had none to close.
    case share
    /// It was new, and all connections were busy.
    case full
}

/// The open connections of one listener, and which of them is closed where the listener becomes full: a pure value.
///
/// A connection *waits* while no complete request of it is in progress: within the handshake, between requests, and
/// within a request that has not arrived completely.
struct ConnectionTable {
    typealias ID = UInt64

    /// What happens to an open connection to make room for another one.
    enum Eviction: Equatable {
        /// It waits, and is closed.
        case close(ID)
        /// It has a request in progress, and is closed after the response.
        case finish(ID)
        /// It is the new one: every other one has a request in progress.
        case reject(ID)

        var id: ID {
            switch self {
            case .close(let id), .finish(let id), .reject(let id): id
            }
        }

        var reason: EvictionReason {
            switch self {
            case .close: .waiting
            case .finish: .share
            case .reject: .full
            }
        }
    }

    private struct Connection {
        let address: PeerAddress
        /// Whether it has had a complete request.
        var hasRequested = false
        var isWorking = false
        var isEnding = false
        /// Orders connections by the beginning of their present state.
        var since: UInt64
        /// Seconds.
        var sinceTime: Double
    }

    /// The connections of one address, in the order of their present states. An entry whose `since` is not that of its
    /// connection is obsolete.
    private struct Peer {
        var count = 0
        var order: [(id: ID, since: UInt64)] = []
    }

    let limit: Int
    /// Seconds. A connection that has not had a request yet is not closed before, unless the listener is full; it may be
    /// in its handshake.
    let patience: Double
    private var connections: [ID: Connection] = [:]
    private var peers: [PeerAddress: Peer] = [:]
    /// The addresses with as many connections as the index, so that none are sorted for a new one.
    private var addresses: [Set<PeerAddress>] = []
    private var sequence: UInt64 = 0

    /// - Parameter limit: connections that may be open.
    init(limit: Int, patience: Double) {
        self.limit = limit
        self.patience = patience
    }

    var count: Int { connections.count }
    /// For tests.
    func entryCount(of address: PeerAddress) -> Int { peers[address]?.order.count ?? 0 }
    /// From this many on, each new connection ends one that waits.
    var threshold: Int { max(1, limit - limit / 4) }

    /// Takes a new connection.
    ///
    /// - Returns: what makes room for it; nil while there is enough, or where nothing can.
    mutating func open(_ id: ID, from address: PeerAddress, at time: Double) -> Eviction? {
        sequence += 1
        connections[id] = Connection(address: address, since: sequence, sinceTime: time)
        count(1, at: address)
        append(id, address, sequence)
        guard connections.count > threshold else { return nil }
        return evict(for: id, from: address, at: time)
    }

    mutating func close(_ id: ID) {
        guard let connection = connections.removeValue(forKey: id) else { return }
        count(-1, at: connection.address)
    }

    /// The address has one connection more or less.
    private mutating func count(_ difference: Int, at address: PeerAddress) {
        let before = peers[address]?.count ?? 0
        let after = before + difference
        if before > 0 { addresses[before].remove(address) }
        if after > 0 {
            peers[address, default: Peer()].count = after
            while addresses.count <= after { addresses.append([]) }
            addresses[after].insert(address)
        } else {
            peers[address] = nil
        }
        while addresses.last?.isEmpty == true { addresses.removeLast() }
    }

    /// A complete request of the connection begins or ends.
    mutating func set(_ id: ID, isWorking: Bool, at time: Double) {
        guard var connection = connections[id], connection.isWorking != isWorking else { return }
        sequence += 1
        connection.isWorking = isWorking
        connection.hasRequested = true
        connection.since = sequence
        connection.sinceTime = time
        connections[id] = connection
        append(id, connection.address, sequence)
    }

    private mutating func append(_ id: ID, _ address: PeerAddress, _ since: UInt64) {
        guard var peer = peers.removeValue(forKey: address) else { return }
        peer.order.append((id, since))
        // Obsolete entries are at most as many as the others.
        if peer.order.count > 2 * peer.count + 16 {
            peer.order.removeAll { connections[$0.id]?.since != $0.since }
        }
        peers[address] = peer
    }

    private mutating func evict(for newcomer: ID, from address: PeerAddress, at time: Double) -> Eviction? {
        for peer in byCount(last: address) {
            if let found = longestWaiting(of: peer, except: newcomer, at: time) {
                connections[found]?.isEnding = true
                return .close(found)
            }
            guard let count = peers[peer]?.count, count > limit / 2 else { continue }
            // More than half of the listener is busy for one address, which is allowed while no other address waits.
            if peer == address { return isFull ? reject(newcomer) : nil }
            if let found = longestWorking(of: peer) {
                connections[found]?.isEnding = true
                return .finish(found)
            }
        }
        return nil
    }

    /// Most connections first; where two have as many, `address` is the last.
    private func byCount(last address: PeerAddress) -> some Sequence<PeerAddress> {
        addresses.reversed().lazy.flatMap { equal in
            [false, true].lazy.flatMap { isLast in equal.lazy.filter { ($0 == address) == isLast } }
        }
    }

    private var isFull: Bool { connections.count >= limit }

    private mutating func reject(_ newcomer: ID) -> Eviction {
        connections[newcomer]?.isEnding = true
        return .reject(newcomer)
    }

    private func longestWaiting(of address: PeerAddress, except newcomer: ID, at time: Double) -> ID? {
        peers[address]?.order.first { entry in
            guard entry.id != newcomer, let connection = connections[entry.id], connection.since == entry.since else {
                return false
            }
            return !connection.isWorking && !connection.isEnding
                && (connection.hasRequested || isFull || time - connection.sinceTime >= patience)
        }?.id
    }

    private func longestWorking(of address: PeerAddress) -> ID? {
        peers[address]?.order.first { entry in
            guard let connection = connections[entry.id], connection.since == entry.since else { return false }
            return connection.isWorking && !connection.isEnding
        }?.id
    }
}

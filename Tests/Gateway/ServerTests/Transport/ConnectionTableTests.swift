import Synchronization
import Testing

@testable import GatewayServer

@Suite("Which connection makes room for another")
struct ConnectionTableTests {
    private let first = PeerAddress([192, 0, 2, 1])
    private let second = PeerAddress([192, 0, 2, 2])
    private let third = PeerAddress([192, 0, 2, 3])

    private func table(limit: Int = 8, patience: Double = 0) -> ConnectionTable {
        ConnectionTable(limit: limit, patience: patience)
    }

    @Test("Up to three quarters of the limit every connection stays, whomever it is of")
    func room() {
        var table = table()
        for id in 1...6 { #expect(table.open(UInt64(id), from: first, at: 0) == nil) }
        #expect(table.open(7, from: first, at: 0) == .close(1))
        #expect(table.count == 7, "it counts until it is closed")
        table.close(1)
        table.close(2)
        #expect(table.open(8, from: first, at: 0) == nil)
    }

    @Test("The connection that has waited longest goes, of the address that has the most")
    func order() {
        var table = table()
        _ = table.open(1, from: second, at: 0)
        for id in 2...6 { _ = table.open(UInt64(id), from: first, at: 0) }
        #expect(table.open(7, from: third, at: 0) == .close(2))
        #expect(table.open(8, from: third, at: 0) == .close(3), "each goes once")
    }

    @Test("A connection with a request in progress stays, and waits from its response on")
    func work() {
        var table = table()
        for id in 1...6 { _ = table.open(UInt64(id), from: first, at: 0) }
        table.set(1, isWorking: true, at: 1)
        table.set(2, isWorking: true, at: 1)
        table.set(2, isWorking: false, at: 2)
        #expect(table.open(7, from: second, at: 3) == .close(3))
        for id in 3...6 { table.close(UInt64(id)) }
        for id in 8...10 { _ = table.open(UInt64(id), from: second, at: 3) }
        #expect(table.open(11, from: third, at: 3) == .close(7), "the most are the second address's")
        table.close(7)
        for id in 8...10 { table.close(UInt64(id)) }
        for id in 12...15 { _ = table.open(UInt64(id), from: third, at: 3) }
        for id in 11...15 where id != 11 { table.close(UInt64(id)) }
        table.close(11)
        #expect(table.count == 2)
    }

    @Test("A connection that may be in its handshake is left alone for a while; one that has had a request is not")
    func patience() {
        var table = table(patience: 2)
        for id in 1...6 { _ = table.open(UInt64(id), from: first, at: 0) }
        #expect(table.open(7, from: second, at: 1) == nil, "nobody has waited for two seconds")
        table.set(4, isWorking: true, at: 1)
        table.set(4, isWorking: false, at: 1)
        table.close(7)
        #expect(table.open(8, from: second, at: 1) == .close(4))
        table.close(8)
        #expect(table.open(9, from: second, at: 2) == .close(1))
        var full = self.table(patience: 2)
        for id in 1...7 { _ = full.open(UInt64(id), from: first, at: 0) }
        #expect(full.open(8, from: first, at: 0) == .close(1), "a full listener waits for nobody")
    }

    @Test("An address may be busy with more than half of the listener only while nobody else waits")
    func half() {
        var table = table()
        for id in 1...6 {
            _ = table.open(UInt64(id), from: first, at: 0)
            table.set(UInt64(id), isWorking: true, at: 0)
        }
        #expect(table.open(7, from: first, at: 0) == nil, "nobody else waits")
        table.set(7, isWorking: true, at: 0)
        #expect(table.open(8, from: first, at: 0) == .reject(8), "the last place is for others")
        table.close(8)
        #expect(table.open(9, from: second, at: 0) == .finish(1))
        table.close(9)
        #expect(table.open(10, from: second, at: 0) == .finish(2), "each is notified once")
    }

    @Test("An eviction is counted with its reason")
    func reasons() {
        let counted = Mutex<[EvictionReason]>([])
        let connections = ListenerConnections(
            limit: 4, patience: 0, onEviction: { reason in counted.withLock { $0.append(reason) } }, monotonic: { 0 })
        let ended = Mutex<[Int]>([])
        func open(_ number: Int, _ address: PeerAddress) -> ConnectionTable.ID {
            connections.open(
                from: address, .init(end: { ended.withLock { $0.append(number) } }, abort: {}))
        }
        let ids = (1...4).map { open($0, first) }
        #expect(counted.withLock { $0 } == [.waiting])
        connections.close(ids[0])
        for id in ids { connections.set(id, isWorking: true) }
        _ = open(5, first)
        #expect(counted.withLock { $0 } == [.waiting, .full])
        _ = open(6, second)
        #expect(counted.withLock { $0 } == [.waiting, .full, .share])
        #expect(ended.withLock { $0 } == [1, 5, 2])
    }

    @Test("Of addresses with as many connections, the newcomer's is the last")
    func ties() {
        for _ in 0..<20 {
            var table = table(limit: 4)
            _ = table.open(1, from: first, at: 0)
            for id: UInt64 in 2...3 { _ = table.open(id, from: second, at: 0) }
            #expect(table.open(4, from: first, at: 0) == .close(2))
        }
    }

    @Test("An address whose connections have closed is not looked at any more")
    func closed() {
        var table = table(limit: 8)
        for id: UInt64 in 1...5 { _ = table.open(id, from: first, at: 0) }
        for id: UInt64 in 1...4 { table.close(id) }
        for id: UInt64 in 6...9 { _ = table.open(id, from: second, at: 0) }
        _ = table.open(10, from: third, at: 0)
        #expect(table.open(11, from: third, at: 0) == .close(6), "the most are the second address's")
    }

    @Test("A long run of requests leaves nothing behind")
    func obsolete() {
        var table = table(limit: 4)
        _ = table.open(1, from: first, at: 0)
        for time in 1...10_000 {
            table.set(1, isWorking: true, at: Double(time))
            table.set(1, isWorking: false, at: Double(time))
        }
        #expect(table.entryCount(of: first) <= 18)
    }

    @Test("An IPv6 network of 64 bits is one address, and a mapped IPv4 address is an IPv4 address")
    func addresses() {
        let network: [UInt8] = [0x20, 1, 0xD, 0xB8, 0, 0, 0, 1]
        #expect(PeerAddress(network + [0, 0, 0, 0, 0, 0, 0, 1]) == PeerAddress(network + [1, 2, 3, 4, 5, 6, 7, 8]))
        #expect(
            PeerAddress([0x20, 1, 0xD, 0xB8, 0, 0, 0, 2] + [0, 0, 0, 0, 0, 0, 0, 1])
                != PeerAddress(network + [0, 0, 0, 0, 0, 0, 0, 1]))
        #expect(PeerAddress([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 1]) == first)
    }
}

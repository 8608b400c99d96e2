import Testing

@testable import GatewayCore

@Suite("What a look for Pods without a sidecar has found")
struct UninjectedPodTallyTests {
    private func pod(
        _ name: String, _ owner: Int, _ reason: UninjectedPod.Reason = .missing, endpoint: String = "one"
    ) -> UninjectedPod {
        UninjectedPod(
            name: name,
            owner: .init(namespace: "shop", name: "ReplicaSet/\(owner)", endpoint: endpoint, reason: reason))
    }

    @Test("Pods are counted by endpoint and reason, with zeros, and an owner is told once")
    func counts() {
        var tally = UninjectedPodTally(endpoints: ["one", "two"])
        tally.add(pod("a", 1))
        tally.add(pod("b", 1))
        tally.add(pod("c", 1, .noValue))
        tally.add(pod("d", 1, endpoint: "gone"))
        #expect(tally.counts["one"] == [.missing: 2, .noValue: 1])
        #expect(tally.counts["two"] == [.missing: 0, .noValue: 0])
        #expect(tally.counts["gone"] == nil)
        #expect(tally.news.map(\.name) == ["a", "c", "d"])
    }

    @Test("What the look before has told is not told again, unless it was gone in between")
    func again() {
        var first = UninjectedPodTally(endpoints: ["one"])
        first.add(pod("a", 1))
        first.add(pod("b", 2))
        var second = UninjectedPodTally(endpoints: ["one"], after: first)
        second.add(pod("a", 1))
        #expect(second.news.isEmpty)
        #expect(second.counts["one"]?[.missing] == 1)
        var third = UninjectedPodTally(endpoints: ["one"], after: second)
        third.add(pod("a", 1))
        third.add(pod("b", 2))
        #expect(third.news.map(\.name) == ["b"])
    }

    @Test("One look tells of twenty owners, and the next ones of those that are left")
    func news() {
        var last: UninjectedPodTally?
        var told: Set<String> = []
        for look in 0..<3 {
            var tally = UninjectedPodTally(endpoints: ["one"], after: last)
            for index in 0..<50 { tally.add(pod("\(index)", index)) }
            #expect(tally.news.count == [20, 20, 10][look])
            #expect(tally.untold == [30, 10, 0][look])
            #expect(tally.counts["one"]?[.missing] == 50)
            told.formUnion(tally.news.map(\.name))
            last = tally
        }
        #expect(told.count == 50)
    }

    @Test("So many owners are remembered and no more; the number stays right")
    func bound() {
        var last: UninjectedPodTally?
        var told = 0
        for _ in 0..<(UninjectedPodTally.maximumOwners / UninjectedPodTally.maximumNews + 3) {
            var tally = UninjectedPodTally(endpoints: ["one"], after: last)
            for index in 0..<(UninjectedPodTally.maximumOwners + 7) { tally.add(pod("\(index)", index)) }
            told += tally.news.count
            last = tally
        }
        #expect(told == UninjectedPodTally.maximumOwners)
        #expect(last?.news.isEmpty == true)
        #expect(last?.untold == 7)
        #expect(last?.counts["one"]?[.missing] == UninjectedPodTally.maximumOwners + 7)
    }
}

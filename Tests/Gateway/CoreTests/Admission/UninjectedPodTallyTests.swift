import Testing

@testable import GatewayCore

@Suite("The result of a search for Pods without a sidecar")
struct UninjectedPodTallyTests {
    private func pod(
        _ name: String, _ owner: Int, _ reason: UninjectedPod.Reason = .missing, endpoint: String = "one"
    ) -> UninjectedPod {
        UninjectedPod(
            name: name,
            owner: .init(namespace: "shop", name: "ReplicaSet/\(owner)", endpoint: endpoint, reason: reason))
    }

    @Test("Pods are counted by endpoint and reason, including zeros, and an owner is reported once")
    func counts() {
        var tally = UninjectedPodTally(endpoints: ["one", "two"])
        tally.add(pod("a", 1))
        tally.add(pod("b", 1))
        tally.add(pod("c", 1, .noValue))
        tally.add(pod("d", 1, endpoint: "gone"))
        #expect(tally.counts["one"] == [.missing: 2, .noValue: 1])
        #expect(tally.counts["two"] == [.missing: 0, .noValue: 0])
        #expect(tally.counts["gone"] == nil)
        #expect(tally.reports.map(\.name) == ["a", "c", "d"])
    }

    @Test("An owner is not reported again by the next search, but after a search without it")
    func again() {
        var first = UninjectedPodTally(endpoints: ["one"])
        first.add(pod("a", 1))
        first.add(pod("b", 2))
        var second = UninjectedPodTally(endpoints: ["one"], after: first)
        second.add(pod("a", 1))
        #expect(second.reports.isEmpty)
        #expect(second.counts["one"]?[.missing] == 1)
        var third = UninjectedPodTally(endpoints: ["one"], after: second)
        third.add(pod("a", 1))
        third.add(pod("b", 2))
        #expect(third.reports.map(\.name) == ["b"])
    }

    @Test("One search reports twenty owners, and the next ones report the others")
    func news() {
        var last: UninjectedPodTally?
        var reported: Set<String> = []
        for look in 0..<3 {
            var tally = UninjectedPodTally(endpoints: ["one"], after: last)
            for index in 0..<50 { tally.add(pod("\(index)", index)) }
            #expect(tally.reports.count == [20, 20, 10][look])
            #expect(tally.unreported == [30, 10, 0][look])
            #expect(tally.counts["one"]?[.missing] == 50)
            reported.formUnion(tally.reports.map(\.name))
            last = tally
        }
        #expect(reported.count == 50)
    }

    @Test("The number of stored owners is limited; the counts stay correct")
    func bound() {
        var last: UninjectedPodTally?
        var reported = 0
        for _ in 0..<(UninjectedPodTally.maximumOwners / UninjectedPodTally.maximumReports + 3) {
            var tally = UninjectedPodTally(endpoints: ["one"], after: last)
            for index in 0..<(UninjectedPodTally.maximumOwners + 7) { tally.add(pod("\(index)", index)) }
            reported += tally.reports.count
            last = tally
        }
        #expect(reported == UninjectedPodTally.maximumOwners)
        #expect(last?.reports.isEmpty == true)
        #expect(last?.unreported == 7)
        #expect(last?.counts["one"]?[.missing] == UninjectedPodTally.maximumOwners + 7)
    }
}

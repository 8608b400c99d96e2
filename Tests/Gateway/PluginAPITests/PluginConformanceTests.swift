import GatewayPluginTesting
import GatewayTestSupport
import Testing

@Suite("The conformance suite")
struct PluginConformanceTests {
    @Test("A provider without a flaw has no breach")
    func sound() {
        #expect(checkConformance(of: FlawedProvider.self, annotation: "reader", publisherSettings: "{}") == [])
        #expect(checkConformance(of: ExampleProvider.self, annotation: "reader") == [])
        #expect(
            checkConformance(of: ExampleProvider.self, annotation: "reader", settings: #"{"greeting":"good day"}"#)
                == [])
    }

    @Test("Each flaw is a breach of its rule", arguments: FlawedProvider.Flaw.allCases)
    func flawed(flaw: FlawedProvider.Flaw) {
        let breaches = FlawedProvider.$flaw.withValue(flaw) {
            checkConformance(of: FlawedProvider.self, annotation: "reader", publisherSettings: "{}")
        }
        // Claims that change from call to call differ for the next endpoint too.
        let broken = Set(breaches.map(\.rule)).subtracting(flaw == .countingClaims ? [.independence] : [])
        #expect(broken == [flaw.rule], "\(breaches)")
    }

    @Test("Each rule has a flaw that breaks it")
    func everyRule() {
        let rules = FlawedProvider.Flaw.allCases.map(\.rule) + FlawedPublisher.Flaw.allCases.map(\.rule)
        // RecipientConformanceTests break the others.
        #expect(
            Set(rules)
                == Set(ConformanceBreach.Rule.allCases).subtracting([.recipientReads, .recipientConditions]))
    }

    @Test("Settings that do not decode are a breach")
    func settings() {
        let breaches = checkConformance(of: ExampleProvider.self, annotation: "reader", settings: #"{"greeting":1}"#)
        #expect(Set(breaches.map(\.rule)) == [.typicalEndpoint])
    }

    @Test("A plugin without a publisher, and a block that does not decode, are breaches where a publisher is expected")
    func plans() {
        for (settings, text) in [("{}", "a valid block is rejected"), (#"{"shelf":""}"#, "publish.shelf")] {
            let breaches = checkConformance(of: ExampleProvider.self, annotation: "reader", publisherSettings: settings)
            #expect(breaches.map(\.rule) == [.publisherPlan] && breaches.first?.message.contains(text) == true)
        }
        let shared = checkConformance(
            of: ExampleProvider.self, annotation: "reader", publisherSettings: #"{"shelf":"one"}"#)
        #expect(shared.map(\.rule) == [.publisherPlan] && shared.first?.message.contains("two endpoints") == true)
    }

    @Test("A publisher without a flaw has no breach")
    func soundPublisher() async {
        #expect(await checkConformance(of: FakePublisher()) == [])
    }

    @Test("Each flaw of a publisher is a breach of its rule", arguments: FlawedPublisher.Flaw.allCases)
    func flawedPublisher(flaw: FlawedPublisher.Flaw) async {
        let breaches = await checkConformance(of: FlawedPublisher(flaw: flaw))
        #expect(breaches.map(\.rule).contains(flaw.rule), "\(breaches)")
    }
}

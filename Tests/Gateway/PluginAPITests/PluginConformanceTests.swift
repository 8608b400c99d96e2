import GatewayTestSupport
import Testing

@Suite("The conformance suite for plugins")
struct PluginConformanceTests {
    @Test("finds nothing in a provider without a flaw")
    func sound() {
        #expect(checkConformance(of: FlawedProvider.self, annotation: "reader") == [])
        #expect(checkConformance(of: ExampleProvider.self, annotation: "reader") == [])
        #expect(
            checkConformance(of: ExampleProvider.self, annotation: "reader", settings: #"{"greeting":"good day"}"#)
                == [])
    }

    @Test("finds each flaw, and blames the rule that it breaks", arguments: FlawedProvider.Flaw.allCases)
    func flawed(flaw: FlawedProvider.Flaw) {
        let breaches = FlawedProvider.$flaw.withValue(flaw) {
            checkConformance(of: FlawedProvider.self, annotation: "reader")
        }
        // A plugin whose answers change changes them for the next endpoint too.
        let blamed = Set(breaches.map(\.rule)).subtracting(flaw == .countingClaims ? [.independence] : [])
        #expect(blamed == [flaw.rule], "\(breaches)")
    }

    @Test("has no rule that a flaw does not break here")
    func everyRule() {
        #expect(
            Set(FlawedProvider.Flaw.allCases.map(\.rule)) == Set(ConformanceBreach.Rule.allCases))
    }

    @Test("reports settings that do not decode")
    func settings() {
        let breaches = checkConformance(of: ExampleProvider.self, annotation: "reader", settings: #"{"greeting":1}"#)
        #expect(Set(breaches.map(\.rule)) == [.typicalEndpoint])
    }
}

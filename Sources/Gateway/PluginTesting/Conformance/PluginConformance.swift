public import GatewayPluginAPI
import JOSE

/// Checks a provider plugin against the rules that the core relies on. Every plugin has a test with
///
///     #expect(checkConformance(of: ExampleProvider.self, annotation: "reader") == [])
///
/// A plugin that traps on any of the inputs ends the test process.
///
/// - Parameters:
///   - annotation: one that the plugin accepts.
///   - audience: one that the plugin accepts, where it checks it; nil for the plugin's default, or any URL where it has none.
///   - settings: the JSON text of a `settings` block that it accepts.
///   - publisherSettings: the JSON text of a `publish` block that it accepts, without `plugin` and `probe`; nil where the
///     plugin does not publish.
/// - Returns: each rule that is broken, with what was found; empty where none is.
public func checkConformance<Plugin: ProviderPlugin>(
    of plugin: Plugin.Type, annotation: String, audience: String? = nil, settings: String = "{}",
    publisherSettings: String? = nil
) -> [ConformanceBreach] {
    var findings = ConformanceFindings()
    findings.checkDefaults(of: plugin)
    let example = ConformanceExample<Plugin>(annotation: annotation, settings: settings, audience: audience)
    for algorithm in Plugin.defaults.algorithms {
        do {
            _ = try example.make(algorithm: algorithm)
        } catch {
            findings.add(.typicalEndpoint, "with \(algorithm.rawValue): \(error)")
        }
    }
    if let publisherSettings { findings.checkPlans(of: example, settings: publisherSettings) }
    guard let made = try? example.make() else { return findings.breaches }
    findings.checkClaims(of: made)
    findings.checkInjection(of: made, annotation: annotation)
    findings.checkIndependence(of: example)
    return findings.breaches
}

/// Checks the defaults of a preset against the rules for those of a plugin.
///
/// - Returns: each rule that is broken, with what was found; empty where none is.
public func checkConformance(of defaults: EndpointDefaults) -> [ConformanceBreach] {
    var findings = ConformanceFindings()
    findings.check(defaults)
    return findings.breaches
}

/// Checks a publisher, before a store that is empty, against the rules that the core relies on:
///
///     #expect(await checkConformance(of: publisher) == [])
///
/// - Returns: each rule that is broken, with what was found; empty where none is.
public func checkConformance(of publisher: any DiscoveryPublisher) async -> [ConformanceBreach] {
    var findings = ConformanceFindings()
    for kind in [.keys, .namedKeys(path: "/openid/v1/jwks"), .discovery] as [IssuerDocumentKind] {
        do throws(PublishError) {
            try await findings.check(publisher, kind)
        } catch {
            findings.add(.publisherReads, "\(kind.path): \(error.kind.rawValue): \(error)")
        }
    }
    return findings.breaches
}

package import GatewayPluginAPI
import JOSE

/// Checks a provider plugin against the rules that the core relies on. Every plugin's test says
///
///     #expect(checkConformance(of: ExampleProvider.self, annotation: "reader") == [])
///
/// A plugin that traps, on whatever input, ends the test process: that too is a finding. That the plugin has a page and
/// is registered everywhere is checked for all plugins together by `PluginRegistrationTests`.
///
/// - Parameters:
///   - annotation: one that the plugin accepts.
///   - settings: the JSON text of a `settings` block that it accepts.
/// - Returns: each rule that is broken, with what was found; empty where all is well.
package func checkConformance<Plugin: ProviderPlugin>(
    of plugin: Plugin.Type, annotation: String, settings: String = "{}"
) -> [ConformanceBreach] {
    var findings = ConformanceFindings()
    findings.checkDefaults(of: plugin)
    let example = ConformanceExample<Plugin>(annotation: annotation, settings: settings)
    for algorithm in Plugin.defaults.algorithms {
        do {
            _ = try example.make(algorithm: algorithm)
        } catch {
            findings.add(.typicalEndpoint, "with \(algorithm.rawValue), \(error)")
        }
    }
    guard let made = try? example.make() else { return findings.breaches }
    findings.checkClaims(of: made)
    findings.checkInjection(of: made, annotation: annotation)
    findings.checkIndependence(of: example)
    return findings.breaches
}

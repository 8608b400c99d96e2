/// A rule of the plugin API that a plugin breaks.
package struct ConformanceBreach: Sendable, Equatable, CustomStringConvertible {
    /// What every plugin keeps.
    package enum Rule: String, Sendable, CaseIterable {
        case identifier = "the id is well-formed"
        case constantDefaults = "the defaults are the same at each reading"
        case audiences = "the audiences can be used and are recognised"
        case algorithms = "there is an algorithm, and none is there twice"
        case injectorNames = "the injector's names are valid in Kubernetes"
        case limits = "the limits are positive and leave room for the defaults"
        case typicalEndpoint = "it can be made for a typical endpoint"
        case repeatableClaims = "the same workload has the same claims"
        case claimsInJSON = "the claims are JSON that reads back the same"
        case goodAnnotation = "a good annotation is accepted and yields a value"
        case variableNames = "the added variables have valid names, each once, and none of the injector's"
        case values = "values are short and have no control characters"
        case errorText = "an error is one short line in lower case without a final period"
        case independence = "two endpoints share no state"
    }

    package let rule: Rule
    /// What was found.
    package let message: String

    package var description: String { "\(rule.rawValue): \(message)" }
}

/// What a check has found so far.
struct ConformanceFindings {
    private(set) var breaches: [ConformanceBreach] = []

    mutating func expect(
        _ condition: Bool, _ rule: ConformanceBreach.Rule, _ message: @autoclosure () -> String
    ) {
        if !condition { breaches.append(ConformanceBreach(rule: rule, message: message())) }
    }

    mutating func add(_ rule: ConformanceBreach.Rule, _ message: String) { expect(false, rule, message) }
}

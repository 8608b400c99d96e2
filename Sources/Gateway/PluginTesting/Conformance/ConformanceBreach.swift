/// A rule of the plugin API that a plugin breaks.
public struct ConformanceBreach: Sendable, Equatable, CustomStringConvertible {
    /// A rule for every plugin; its raw value says it in words.
    public enum Rule: String, Sendable, CaseIterable {
        /// The id matches `[a-z][a-z0-9-]{0,31}`.
        case identifier = "the id is well-formed"
        /// `defaults` returns the same value each time.
        case constantDefaults = "the defaults are constant"
        /// Audiences are printable ASCII, and the default ones are recognized.
        case audiences = "the audiences are printable ASCII, and the default ones are recognized"
        /// `algorithms` has at least one element, and no duplicate.
        case algorithms = "there is at least one algorithm, and no duplicate"
        /// Kubernetes accepts the label and the variables.
        case injectorNames = "the injector's names are valid in Kubernetes"
        /// The default lifetime is within the minimum and the maximum, and a token can be renewed in time.
        case tokenRules = "the token rules are consistent"
        /// Every limit is positive, and the default audiences keep it.
        case limits = "the limits are positive, and the default audiences keep them"
        /// `init` accepts a typical endpoint with each algorithm.
        case typicalEndpoint = "init accepts a typical endpoint"
        /// `claims(for:)` returns the same claims for the same workload.
        case repeatableClaims = "the same workload has the same claims"
        /// The claims are JSON (RFC 8259) without duplicate names.
        case claimsInJSON = "the claims are JSON that parses to the same value"
        /// `injection(for:)` accepts the annotation of the test.
        case validAnnotation = "a valid annotation is accepted and has a value"
        /// Added variables are C identifiers, unique, none of the injector's, and declared; those that they name are C
        /// identifiers.
        case variableNames = "the added variables have valid names, no duplicate, and none of the injector's names"
        /// Files have valid, unique names and 8,192 bytes at most; JSON files are JSON.
        case files = "the files have valid names and contents"
        /// Values are 4096 bytes at most and have no control characters.
        case values = "values are at most 4096 bytes long and have no control characters"
        /// An error, and the advice of an expected variable, is one line of at most 1,000 bytes in lower case without a
        /// final period.
        case errorText = "an error or an advice is one short line in lower case without a final period"
        /// One endpoint's calls do not change another's results.
        case independence = "two endpoints share no state"
        /// Publisher plans are repeatable, and each endpoint has its own location.
        case publisherPlan = "a publisher's plan is repeatable, and no two endpoints have the same location"
        /// An absent document reads as nil, a written one as what was written.
        case publisherReads = "a publisher reads back what it wrote"
        /// A write whose condition does not hold throws `conflict` and changes nothing.
        case publisherConditions = "a publisher writes only where the condition holds"
        /// The time until verifiers honor a new key is 0 to 7 days, and its source is named.
        case propagation = "the time that verifiers need is plausible, and its source is named"
        /// Stored keys read back as those that were written, and an empty place as nil.
        case recipientReads = "a recipient reads back the keys that it wrote"
        /// Keys that another writer has changed are not replaced.
        case recipientConditions = "a recipient replaces only what it was given"
    }

    /// The rule.
    public let rule: Rule
    /// What was found, and what to do.
    public let message: String

    /// The rule in words, and what was found.
    public var description: String { "\(rule.rawValue): \(message)" }
}

/// The breaches that a check has found so far.
struct ConformanceFindings {
    private(set) var breaches: [ConformanceBreach] = []

    mutating func expect(
        _ condition: Bool, _ rule: ConformanceBreach.Rule, _ message: @autoclosure () -> String
    ) {
        if !condition { breaches.append(ConformanceBreach(rule: rule, message: message())) }
    }

    mutating func add(_ rule: ConformanceBreach.Rule, _ message: String) { expect(false, rule, message) }
}

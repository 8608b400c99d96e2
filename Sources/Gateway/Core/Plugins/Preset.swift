package import GatewayPluginAPI
import JOSE
import JSON

/// A relying party that needs no code: an entry of `presets.json`. It gives an endpoint defaults, limits, token rules,
/// variables and files.
package struct Preset: Decodable, Sendable, Equatable {
    /// A value that only the user knows, a key of the endpoint's `settings` and a placeholder.
    package struct Setting: Decodable, Sendable, Equatable {
        package enum Form: String, Decodable, Sendable, CaseIterable { case text, uuid, https, host }

        package let name: String
        package let description: String
        package let example: String
        /// nil for true.
        package let required: Bool?
        /// What the value begins with; nil for anything.
        package let prefix: String?
        /// nil for `text`: one line of visible ASCII.
        package let form: Form?

        package var isRequired: Bool { required ?? true }
    }

    package struct File: Decodable, Sendable, Equatable {
        package let name: String
        package let contents: String
        package let format: String?
        package let variable: String?
    }

    package struct Conflict: Decodable, Sendable, Equatable {
        package let variables: [String]
        package let advice: String
    }

    package struct Limits: Decodable, Sendable, Equatable {
        package let audiences: Int?
        package let audienceLength: Int?
        package let subjectLength: Int?
        package let issuerLength: Int?
        package let tokenLength: Int?
    }

    /// Times in seconds.
    package struct Token: Decodable, Sendable, Equatable {
        package let ttl: Int?
        package let minimum: Int?
        package let maximum: Int?
        package let renewBefore: Int?
        package let jti: Bool?
    }

    package struct ErrorRow: Decodable, Sendable, Equatable {
        package let error: String
        package let meaning: String
        package let fix: String
    }

    package let id: String
    package let name: String
    /// The plugin of the endpoint.
    package let plugin: String
    /// Templates with the settings.
    package let audiences: [String]
    package let recognizedAudiences: [String]?
    package let algorithms: [String]
    package let label: String
    /// `required` or `optional`.
    package let annotation: String?
    package let tokenVariable: String?
    package let valueVariable: String?
    package let token: Token?
    package let limits: Limits?
    package let settings: [Setting]?
    /// Templates by variable.
    package let variables: [String: String]?
    package let files: [File]?
    package let conflicts: [Conflict]?
    /// How long after a publication the relying party may not know a key yet: `15 minutes`, or that with an explanation
    /// after it. A text that does not begin with a duration says why none is known.
    package let keyDelay: String
    /// The trust set-up in two sentences.
    package let trust: String
    package let errors: [ErrorRow]
    package let link: String

    /// The defaults of an endpoint.
    package var defaults: EndpointDefaults {
        let standard = RelyingPartyLimits()
        let rules = TokenRules()
        return EndpointDefaults(
            audiences: audiences, recognizedAudiences: Set(recognizedAudiences ?? []),
            injector: .init(
                label: label, annotation: annotation.flatMap(EndpointDefaults.Injector.Annotation.init) ?? .required,
                tokenVariable: tokenVariable, valueVariable: valueVariable),
            algorithms: algorithms.compactMap(SignatureAlgorithm.init(rawValue:)),
            limits: RelyingPartyLimits(
                audiences: limits?.audiences ?? standard.audiences,
                audienceLength: limits?.audienceLength ?? standard.audienceLength,
                subjectLength: limits?.subjectLength ?? standard.subjectLength,
                issuerLength: limits?.issuerLength ?? standard.issuerLength,
                tokenLength: limits?.tokenLength ?? standard.tokenLength),
            tokens: TokenRules(
                timeToLive: token?.ttl ?? rules.timeToLive, minimumLifetime: token?.minimum ?? rules.minimumLifetime,
                maximumLifetime: token?.maximum ?? rules.maximumLifetime,
                remainingAtRenewal: token?.renewBefore ?? rules.remainingAtRenewal,
                hasTokenID: token?.jti ?? rules.hasTokenID),
            propagation: keyDelaySeconds.map {
                KeyPropagation(newKey: $0, oldKey: .undocumented, evidence: keyDelay)
            } ?? .undocumented)
    }

    /// The duration at the beginning of ``keyDelay`` in seconds: the default of `rotation.propagation`. nil where it has
    /// none.
    package var keyDelaySeconds: Int? {
        let words = keyDelay.split(separator: " ", maxSplits: 2)
        guard words.count > 1, let count = Int(words[0]), (0...10_000).contains(count) else { return nil }
        let unit = words[1].prefix { $0.isLetter }
        let rest = words[1].dropFirst(unit.count)
        guard rest.isEmpty || [":", ";", ","].contains(rest) else { return nil }
        let seconds = ["second": 1, "minute": 60, "hour": 3_600, "day": 86_400]
        return seconds[unit.hasSuffix("s") ? String(unit.dropLast()) : String(unit)].map { count * $0 }
    }

    package func recognizes(_ audience: String) -> Bool { (recognizedAudiences ?? []).containsExactly(audience) }
}

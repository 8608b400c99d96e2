import GatewayPluginAPI
import JOSE

/// Reads an endpoint's `token` block and OpenUnison's `additionalAttributes`.
struct TokenReader {
    let policy: EndpointConfiguration.TokenPolicy
    let algorithm: SignatureAlgorithm
    let keySize: Int

    init(
        _ endpoint: ConfigurationBlock<EndpointKeys>, profile: RelyingPartyProfile?, cluster: String,
        metadata: MetadataNeeds
    ) {
        let block = endpoint.token
        algorithm = Self.algorithm(block, profile)
        keySize = Self.keySize(block, algorithm)
        let rules = profile?.defaults.tokens ?? TokenRules()
        let timeToLive = Self.timeToLive(block, rules)
        let capsToSubject = block.capsToSubject
        policy = .init(
            timeToLive: timeToLive,
            subject: Self.subject(block, cluster: cluster, maximumLength: profile?.defaults.limits.subjectLength),
            claims: ClaimsReader(endpoint: endpoint, token: block, metadata: metadata).read(),
            capToSubject: capsToSubject, minimumLifetime: min(rules.minimumLifetime, timeToLive),
            remainingAtRenewal: rules.remainingAtRenewal, hasTokenID: block.hasTokenID ?? rules.hasTokenID,
            type: rules.type)
        if capsToSubject, rules.minimumLifetime > IssuedTokenForm.minimumLifetime {
            block.warning(
                \.capsToSubject,
                "can issue tokens that are valid for less than the \(rules.minimumLifetime) seconds that the relying "
                    + "party's SDKs need; remove it")
        }
    }

    private static func timeToLive(_ block: ConfigurationBlock<TokenKeys>, _ rules: TokenRules) -> Int {
        guard let configured = block.timeToLive else { return rules.timeToLive }
        let range = rules.minimumLifetime...max(rules.minimumLifetime, rules.maximumLifetime)
        guard range.contains(configured.seconds) else {
            block.error(
                \.timeToLive,
                "\(configured) is not supported by the relying party; expected "
                    + "\(ConfigurationDuration(seconds: range.lowerBound)) to "
                    + "\(ConfigurationDuration(seconds: range.upperBound))")
            return rules.timeToLive
        }
        return configured.seconds
    }

    private static func algorithm(
        _ block: ConfigurationBlock<TokenKeys>, _ profile: RelyingPartyProfile?
    ) -> SignatureAlgorithm {
        let accepted = profile?.defaults.algorithms ?? SignatureAlgorithm.allCases
        let first = accepted.first ?? .rs256
        guard let algorithm = block.algorithm else { return first }
        if let profile, !accepted.contains(algorithm) {
            block.error(
                \.algorithm,
                "\(algorithm.rawValue) is not supported by \(profile.name); "
                    + "expected \(accepted.map(\.rawValue).asChoice)")
            // Whoever else does not support it would only say it again.
            return first
        }
        return algorithm
    }

    private static func keySize(_ block: ConfigurationBlock<TokenKeys>, _ algorithm: SignatureAlgorithm) -> Int {
        if block.isSet(\.keySize), !algorithm.usesRSA {
            block.warning(\.keySize, "ignored for \(algorithm.rawValue), whose keys have a fixed size; remove it")
        }
        return block.keySize
    }

    private static func subject(
        _ block: ConfigurationBlock<TokenKeys>, cluster: String, maximumLength: Int?
    ) -> SubjectTemplate {
        let template = template(block)
        // The cluster's name is known now, the other names only with a token request.
        let example = template.render(cluster: cluster, namespace: "a", serviceAccount: "a")
        if example?.hasPrefix(SubjectTemplate.reservedPrefix) == true {
            block.error(
                \.subject,
                "with this cluster name every subject begins with \(SubjectTemplate.reservedPrefix), which is reserved "
                    + "for the gateway; use a different subject or cluster name")
        }
        if let maximumLength, let example, example.utf8.count > maximumLength {
            block.error(
                \.subject,
                "every subject has at least \(example.utf8.count) bytes; the relying party accepts \(maximumLength): use a "
                    + "shorter template or cluster name")
        }
        return template
    }

    private static func template(_ block: ConfigurationBlock<TokenKeys>) -> SubjectTemplate {
        let template = block.subject
        guard !block.allowsSharedSubject, block.isSet(\.subject) else { return template }
        let missing = [SubjectTemplate.Placeholder.namespace, .saname].filter { !template.contains($0) }
        if !missing.isEmpty {
            let names = missing.map { "{\($0.rawValue)}" }.joined(separator: " and ")
            block.error(
                \.subject,
                "\"\(template)\" maps several ServiceAccounts to one subject; "
                    + "add \(names) or set allowSharedSubject: true")
        } else if template.isAmbiguous {
            block.error(
                \.subject,
                #""\#(template)" can map two ServiceAccounts to one subject, as names contain letters, digits, ".", "_" "#
                    + #"and "-"; separate the placeholders by ":" or "/", or set allowSharedSubject: true"#)
        }
        return template
    }
}

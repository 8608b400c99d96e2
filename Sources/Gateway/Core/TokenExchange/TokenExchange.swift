package import FoundationEssentials
package import GatewayPluginAPI
import JOSE
import JSON

/// The token exchange of one endpoint: reviews the subject token, applies the rules and issues a token. All I/O goes
/// through its ports.
package struct TokenExchange: Sendable {
    package let configuration: EndpointConfiguration
    let reviewer: any TokenReviewing
    let metadata: (any WorkloadMetadataReading)?
    let keys: CurrentSigningKeys
    let signatures: any SignatureExecuting
    private let limits: (any CallLimiting)?
    private let sourcesOfPolicy: Set<WorkloadMetadata.Source>
    /// Of the policy and of the claims.
    private let sourcesOfTokens: Set<WorkloadMetadata.Source>

    /// - Parameters:
    ///   - metadata: reads the labels and annotations that the endpoint's rules and claims use. Without it, an endpoint
    ///     that uses any issues no token.
    ///   - limits: the limits of calls; nil for none.
    package init(
        configuration: EndpointConfiguration, reviewer: any TokenReviewing,
        metadata: (any WorkloadMetadataReading)? = nil, keys: CurrentSigningKeys, signatures: any SignatureExecuting,
        limits: (any CallLimiting)? = nil
    ) {
        self.configuration = configuration
        self.reviewer = reviewer
        self.metadata = metadata
        self.keys = keys
        self.signatures = signatures
        self.limits = limits
        sourcesOfPolicy = configuration.policy.metadataSources
        sourcesOfTokens = sourcesOfPolicy.union(configuration.token.metadataSources)
    }

    /// Issues a token.
    ///
    /// - Parameter tokenID: the `jti`, unique for each call.
    /// - Throws: why no token is issued.
    package func exchange(
        _ request: TokenExchangeRequest, at now: Date, tokenID: TokenID
    ) async throws(TokenExchangeError) -> IssuedToken {
        let audiences = try narrowedAudiences(request)
        let (attributes, rule) = try await decide(request, reading: sourcesOfTokens, at: now)
        let identity = attributes.identity

        let keys = keys.confirmedSnapshot
        guard let key = keys.active else { throw .noSigningKey(retryAfter: 5) }

        let token = configuration.token
        var lifetime = min(max(request.lifetime ?? token.timeToLive, token.minimumLifetime), token.timeToLive)
        if token.capToSubject, let expiration = request.subjectToken.claims.expiration {
            lifetime = min(lifetime, Int(expiration - now.timeIntervalSince1970))
            guard lifetime > 0 else { throw .invalidSubjectToken(.expired) }
        }
        let claims = try IssuedClaims(
            configuration: configuration, attributes: attributes, audiences: audiences, issuedAt: now,
            lifetime: lifetime, tokenID: tokenID)
        let compact = try await sign(claims, with: key.signingKey, identity)
        return IssuedToken(
            compact: compact, keyID: key.signingKey.keyID, tokenID: token.hasTokenID ? tokenID : nil,
            subject: claims.subject, audiences: audiences, expiration: claims.expiration, lifetime: lifetime,
            attributes: attributes, rule: rule, certificate: key.certificate)
    }

    /// A signature with an elliptic curve takes less time than a change of threads is worth.
    private func sign(
        _ claims: IssuedClaims, with key: SigningKey, _ identity: WorkloadIdentity
    ) async throws(TokenExchangeError) -> String {
        let (type, limits) = (configuration.token.type, configuration.limits)
        guard key.algorithm.usesRSA else {
            return try claims.sign(with: key, type: type, limits: limits, identity: identity)
        }
        let result: Result<String, TokenExchangeError>
        do throws(SignatureOverload) {
            result = try await signatures.run {
                Result { () throws(TokenExchangeError) in
                    try claims.sign(with: key, type: type, limits: limits, identity: identity)
                }
            }
        } catch {
            throw .signingOverloaded(retryAfter: SignatureOverload.retryAfter)
        }
        return try result.get()
    }

    /// Authorizes a request for a resource of the endpoint other than a token: the same review and rules.
    ///
    /// - Returns: the workload, and the index of the rule that matched.
    @discardableResult
    package func authorize(
        _ request: TokenExchangeRequest, at now: Date
    ) async throws(TokenExchangeError) -> (identity: WorkloadIdentity, rule: Int) {
        let (attributes, rule) = try await decide(request, reading: sourcesOfPolicy, at: now)
        return (attributes.identity, rule)
    }

    /// Reviews the subject token, reads the workload's metadata and applies the rules.
    private func decide(
        _ request: TokenExchangeRequest, reading sources: Set<WorkloadMetadata.Source>, at now: Date
    ) async throws(TokenExchangeError) -> (attributes: WorkloadAttributes, rule: Int) {
        let identity = try await identity(request, at: now)
        if let refusal = limits?.spend(identity) { throw .tooManyCalls(refusal, identity) }
        var read = WorkloadMetadata()
        if !sources.isEmpty {
            guard let metadata else {
                throw .reviewUnavailable(retryAfter: 60, reason: "labels and annotations are not readable here")
            }
            read = try await metadata.metadata(sources, of: identity, at: now)
        }
        let attributes = WorkloadAttributes(identity, endpoint: configuration.name, metadata: read)
        switch configuration.policy.decide(attributes) {
        case .allowed(let rule): return (attributes, rule)
        case .denied: throw .deniedByPolicy(identity)
        }
    }

    private func identity(
        _ request: TokenExchangeRequest, at now: Date
    ) async throws(TokenExchangeError) -> WorkloadIdentity {
        let policy = configuration.subjectToken
        let plan: SubjectTokenPlan
        do {
            plan = try SubjectTokenPlan(request.subjectToken, wire: request.wire, policy: policy, now: now)
        } catch {
            throw .invalidSubjectToken(error)
        }
        let review: TokenReview
        do {
            review = try await reviewer.review(request.subjectToken, audiences: plan.audiences, at: now)
        } catch {
            throw .reviewUnavailable(retryAfter: error.retryAfter, reason: error.reason)
        }
        do throws(SubjectTokenRejection) {
            let user = try plan.acceptedUser(review)
            let identity = try WorkloadIdentity(user, cluster: configuration.endpoint.cluster)
            guard identity.pod != nil || !plan.podIsMandatory else { throw SubjectTokenRejection.withoutPod }
            return identity
        } catch {
            throw .invalidSubjectToken(error)
        }
    }

    private func narrowedAudiences(_ request: TokenExchangeRequest) throws(TokenExchangeError) -> [String] {
        let audiences = configuration.endpoint.audiences
        if let resource = request.resource, !audiences.containsExactly(resource) { throw .invalidTarget }
        guard let audience = request.audience else { return request.resource.map { [$0] } ?? audiences }
        guard audiences.containsExactly(audience), request.resource?.isExactly(audience) ?? true else {
            throw .invalidTarget
        }
        return [audience]
    }
}

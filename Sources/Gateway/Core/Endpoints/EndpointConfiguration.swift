package import GatewayPluginAPI
package import JSON

/// One endpoint of `sts.endpoints`, with its defaults filled in and its plugin made.
package struct EndpointConfiguration: Sendable {
    package var name: String
    package var pluginID: PluginID
    package var provider: any ProviderPlugin
    /// What the plugin was made for: name, cluster, issuer, audiences, algorithm, key size, ttl.
    package var endpoint: Endpoint
    package var path: PathPrefix
    package var policy: AccessPolicy
    /// The Secret of stock's `issuer.keypair`.
    package var keypair: String?
    package var injector: Injector
    package var subjectToken: SubjectTokenPolicy
    package var token: TokenPolicy
    package var rotation: Rotation
    package var limits: RelyingPartyLimits
    /// nil where an operator uploads the documents by hand.
    package var publisher: Publisher?
    package var probe: Probe

    package var issuer: Issuer { endpoint.issuer }

    package struct Injector: Sendable, Equatable {
        package var label: String
        package var tokenVariable: String
        package var valueVariable: String?
        package var explicitCertificateTrust: Bool
    }

    /// Which ServiceAccount tokens the endpoint takes.
    package struct SubjectTokenPolicy: Sendable, Equatable {
        /// One or more; sorted and without repetition.
        package var audiences: [String]
        package var acceptAPIServerAudience: Bool
        package var requirePod: Bool
    }

    /// What the issued token says beside what every token says.
    package struct TokenPolicy: Sendable, Equatable {
        /// Seconds.
        package var timeToLive: Int
        package var subject: SubjectTemplate
        package var claims: [Claim]
        /// Whether `exp` is never later than the subject token's.
        package var capToSubject: Bool

        package struct Claim: Sendable, Equatable {
            package var name: String
            package var source: Source
            package enum Source: Sendable, Equatable {
                case value(JSONValue)
                /// A known attribute; the claim is left out where the attribute is absent.
                case attribute(String)
            }
        }
    }

    /// How the issuer's documents reach the world.
    package struct Publisher: Sendable {
        package var pluginID: PluginID
        package var plan: PublisherPlan
    }

    /// How the public documents are read back.
    package struct Probe: Sendable, Equatable {
        package var isEnabled: Bool
        /// In place of the issuer's host and port 443.
        package var connectTo: ListenAddress?
        /// A PEM file of authorities to trust, in place of the system's.
        package var authorityFile: String?
        /// A URL, in place of the environment's.
        package var proxy: String?
        /// Seconds.
        package var interval: Int
    }

    /// Seconds.
    package struct Rotation: Sendable, Equatable {
        package var every: Int
        package var propagation: Int
        /// What the documents' `Cache-Control` says.
        package var maximumAge: Int
    }

    package var rotationPolicy: RotationPolicy {
        RotationPolicy(
            every: rotation.every, propagation: rotation.propagation, maximumAge: rotation.maximumAge,
            timeToLive: token.timeToLive, replicaWindow: Self.replicaWindow, algorithm: endpoint.algorithm,
            rsaKeySize: endpoint.rsaKeySize)
    }

    /// How long a replica may sign by a key ring that the store has not confirmed, in seconds.
    package static let replicaWindow = 900
}

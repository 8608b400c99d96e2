package import GatewayPluginAPI
import JOSE
package import JSON

/// An endpoint of `sts.endpoints` with its defaults and its plugin. A reference, since each part of a gateway that serves
/// thousands of endpoints has its own list of them.
package final class EndpointConfiguration: Sendable {
    package let name: String
    package let pluginID: PluginID
    package let provider: any ProviderPlugin
    /// The endpoint that the plugin was created with: name, cluster, issuer, audiences, algorithm, key size, ttl.
    package let endpoint: Endpoint
    package let path: PathPrefix
    package let policy: AccessPolicy
    /// The `jwks_uri` of the discovery document; nil for that of the issuer.
    package let keysURL: String?
    /// The Secret of `issuer.keypair`.
    package let keypair: String?
    package let injector: Injector
    package let subjectToken: SubjectTokenPolicy
    package let token: TokenPolicy
    package let rotation: Rotation
    package let limits: RelyingPartyLimits
    /// nil where an operator uploads the documents, or hands over the keys.
    package let publisher: Publisher?
    package let probe: Probe
    package let provision: Provision
    /// Whether pages of any site may read the documents.
    package let allowsAnyOrigin: Bool

    package init(
        name: String, pluginID: PluginID, provider: any ProviderPlugin, endpoint: Endpoint, path: PathPrefix,
        policy: AccessPolicy, keysURL: String?, keypair: String?, injector: Injector,
        subjectToken: SubjectTokenPolicy, token: TokenPolicy, rotation: Rotation, limits: RelyingPartyLimits,
        publisher: Publisher?, probe: Probe, provision: Provision, allowsAnyOrigin: Bool
    ) {
        self.name = name
        self.pluginID = pluginID
        self.provider = provider
        self.endpoint = endpoint
        self.path = path
        self.policy = policy
        self.keysURL = keysURL
        self.keypair = keypair
        self.injector = injector
        self.subjectToken = subjectToken
        self.token = token
        self.rotation = rotation
        self.limits = limits
        self.publisher = publisher
        self.probe = probe
        self.provision = provision
        self.allowsAnyOrigin = allowsAnyOrigin
    }

    /// What `sts-gateway provision` makes for the endpoint in addition; `serve` ignores it.
    package struct Provision: Sendable, Equatable {
        package var accounts: [ProvisioningAccount] = []
        package var roles: [Role] = []
        package var serving: String?

        /// A role of workloads.
        package struct Role: Sendable, Equatable {
            package var name: String
            package var account: String?
            /// `<namespace>/<name>`.
            package var serviceAccounts: [ServiceAccountName]
            package var policies: [String]
            package var allowsSessionTags: Bool
            /// Seconds.
            package var maximumSession: Int?

            package init(
                name: String, account: String?, serviceAccounts: [ServiceAccountName], policies: [String],
                allowsSessionTags: Bool, maximumSession: Int?
            ) {
                self.name = name
                self.account = account
                self.serviceAccounts = serviceAccounts
                self.policies = policies
                self.allowsSessionTags = allowsSessionTags
                self.maximumSession = maximumSession
            }
        }
    }

    package var issuer: Issuer { endpoint.issuer }

    /// The label and the environment variables of the injection.
    package struct Injector: Sendable, Equatable {
        package var label: String
        package var annotation: EndpointDefaults.Injector.Annotation = .required
        /// nil where the plugin's files name the token file.
        package var tokenVariable: String?
        package var valueVariable: String?
        package var explicitCertificateTrust: Bool
        /// The names of further annotations: `<label>-<option>`.
        package var options: [String] = []
        /// Of the plugin: the variables that it may set beside the two above.
        package var exclusiveVariables: [String] = []
        /// Further variables.
        package var variables: [VariableTemplate] = []
        /// Files beside the token file.
        package var files: [FileTemplate] = []
        /// Variables that prevent the use of the token, beside those that the plugin returns.
        package var conflicts: [PodInjection.ConflictingVariables] = []
        /// The values of placeholders that are the same for every Pod.
        package var values: [String: String] = [:]

        /// The variables that the endpoint may set in a container, each once.
        package var variableNames: [String] {
            var names: [String] = []
            let all =
                [tokenVariable, valueVariable].compactMap(\.self) + exclusiveVariables + variables.map(\.name)
                + files.compactMap(\.variable)
            for name in all where !names.contains(name) { names.append(name) }
            return names
        }
    }

    /// The ServiceAccount tokens that the endpoint accepts.
    package struct SubjectTokenPolicy: Sendable, Equatable {
        /// One or more, sorted and without duplicates.
        package var audiences: [String]
        package var acceptAPIServerAudience: Bool
        package var requirePod: Bool
    }

    /// The lifetime, the subject and the additional claims of issued tokens.
    package struct TokenPolicy: Sendable, Equatable {
        /// Seconds.
        package var timeToLive: Int
        package var subject: SubjectTemplate
        package var claims: [Claim]
        /// Whether `exp` is never later than the subject token's.
        package var capToSubject: Bool
        /// The minimum lifetime in seconds, unless `capToSubject` shortens it.
        package var minimumLifetime: Int = IssuedTokenForm.minimumLifetime
        /// How many seconds a token must remain valid when the sidecar replaces it; 0 for the sidecar's own rule.
        package var remainingAtRenewal: Int = 0
        /// Whether tokens have a `jti`.
        package var hasTokenID: Bool = true
        /// The `typ` of the header.
        package var type: String = "JWT"

        /// An additional claim.
        package struct Claim: Sendable, Equatable {
            package var name: String
            package var source: Source
            package indirect enum Source: Sendable, Equatable {
                case value(JSONValue)
                /// A known attribute; the claim is omitted where the attribute is absent.
                case attribute(String)
                /// A text with attributes; the claim is omitted where one is absent.
                case template(ClaimTemplate)
                /// An object with attributes in it; members with an absent attribute are omitted.
                case object([Claim])
                /// An array with attributes in it; elements with an absent attribute are omitted.
                case array([Source])
            }
        }
    }

    /// How the issuer's documents are published.
    package struct Publisher: Sendable {
        package var pluginID: PluginID
        package var plan: PublisherPlan
        /// The `publish` block without the keys of the core, as text that is the same for the same settings.
        package var settings: String

        package init(pluginID: PluginID, plan: PublisherPlan, settings: String) {
            self.pluginID = pluginID
            self.plan = plan
            self.settings = settings
        }
    }

    /// How the public documents are read back.
    package struct Probe: Sendable, Equatable {
        package var isEnabled: Bool
        /// Replaces the issuer's host and port 443.
        package var connectTo: ListenAddress?
        /// The PEM file of trusted CAs that replaces the system's.
        package var authorityFile: String?
        /// The URL of a proxy that replaces the environment's.
        package var proxy: String?
        /// Seconds.
        package var interval: Int
    }

    /// The times of key rotation, in seconds.
    package struct Rotation: Sendable, Equatable {
        package var every: Int
        package var propagation: Int
        /// The `max-age` of the documents' `Cache-Control`.
        package var maximumAge: Int
        package var activation = Activation.automatic

        /// Who decides that a key signs which may.
        package enum Activation: String, Sendable, Equatable, CaseIterable {
            /// The leader.
            case automatic
            /// An operator, with `keys activate`. After a revocation the leader.
            case manual
        }
    }

    package var rotationPolicy: RotationPolicy {
        RotationPolicy(
            every: rotation.every, propagation: rotation.propagation, maximumAge: rotation.maximumAge,
            timeToLive: token.timeToLive, replicaWindow: Self.replicaWindow, algorithm: endpoint.algorithm,
            rsaKeySize: endpoint.rsaKeySize, hasStandby: publisher?.plan.keyHandOver?.usesOwnToken ?? false,
            isManual: rotation.activation == .manual)
    }

    /// How long a replica may sign with a key ring that the store has not confirmed, in seconds.
    package static let replicaWindow = 900
}

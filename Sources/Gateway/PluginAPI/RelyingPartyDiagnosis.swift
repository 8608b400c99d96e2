public import FoundationEssentials
public import JSON

/// The endpoint, and the workload, about which `sts-gateway doctor` asks a relying party.
public struct DiagnosisRequest: Sendable {
    /// A ServiceAccount, and what its Pod requests.
    public struct Workload: Sendable {
        /// The ServiceAccount's namespace.
        public let namespace: String
        /// The ServiceAccount's name.
        public let serviceAccountName: String
        /// The `sub` of its tokens.
        public let subject: String
        /// The value of the Pod's or the ServiceAccount's annotation; nil where there is none.
        public let annotation: String?
        /// The values of the annotations of the injector's options, by the option's name.
        public let options: [String: String]
        /// A token that the gateway has minted for the workload; nil where none was minted.
        public let token: Token?

        /// Creates a workload from its parts.
        public init(
            namespace: String, serviceAccountName: String, subject: String, annotation: String?,
            options: [String: String] = [:], token: Token? = nil
        ) {
            self.namespace = namespace
            self.serviceAccountName = serviceAccountName
            self.subject = subject
            self.annotation = annotation
            self.options = options
            self.token = token
        }
    }

    /// What a token says, without its signature.
    public struct Token: Sendable {
        /// The `kid` of the key that has signed it.
        public let keyID: String
        /// Its claims.
        public let claims: JSONValue

        /// Creates a token's content from its parts.
        public init(keyID: String, claims: JSONValue) {
            self.keyID = keyID
            self.claims = claims
        }
    }

    /// The endpoint as it is provisioned. Its roles are those of the configuration.
    public let endpoint: ProvisioningRequest
    /// nil where only the endpoint is diagnosed.
    public let workload: Workload?
    /// The relying party's own configuration, of the file that `--relying-party-config` names; nil for none.
    public let configuration: JSONValue?

    /// Creates a request from its parts.
    public init(endpoint: ProvisioningRequest, workload: Workload?, configuration: JSONValue? = nil) {
        self.endpoint = endpoint
        self.workload = workload
        self.configuration = configuration
    }

    /// The issuer URL of the endpoint's tokens.
    public var issuerURL: String { "https://\(endpoint.host ?? "")\(endpoint.path)" }
}

/// One check of the relying party. Its texts contain no token, key or credential.
public struct RelyingPartyFinding: Sendable, Equatable {
    /// What is wrong, in the terms that all relying parties share.
    public enum Fault: Sendable, Hashable, CaseIterable {
        /// The state cannot be read: no credentials, no permission, or no response.
        case unreadable
        /// The relying party does not trust the issuer.
        case issuer
        /// It does not accept the endpoint's audience.
        case audience
        /// The identity that the workload requests does not exist, or its name is not valid.
        case identity
        /// The trust is wider than single ServiceAccounts.
        case wide
        /// The trust does not include the workload.
        case workload
        /// A setting of the relying party should be changed.
        case setting
        /// The relying party rejects a token.
        case exchange
    }

    /// The result of a check.
    public enum Status: Sendable, Equatable {
        /// All is well.
        case ok
        /// It works, and should be changed.
        case warning(Fault)
        /// Exchanges fail.
        case failed(Fault)
        /// The check could not run; the cause says why.
        case notChecked
    }

    /// What was checked, in lower case, such as `identity provider`.
    public let check: String
    /// The result.
    public let status: Status
    /// One line: what was found.
    public let cause: String
    /// One line: what to do; nil for nothing.
    public let advice: String?

    /// Creates a finding from its parts.
    public init(_ check: String, _ status: Status, _ cause: String, advice: String? = nil) {
        self.check = check
        self.status = status
        self.cause = cause
        self.advice = advice
    }
}

extension RelyingPartyFinding {
    /// Creates a finding about a state that cannot be read.
    ///
    /// - Parameter advice: what to do where the relying party has answered; without an answer it is about the network.
    public static func unread(
        _ check: String, _ cause: String, _ error: ProvisioningError, advice: String
    ) -> RelyingPartyFinding {
        let network = "check the network and the proxy of this machine (HTTPS_PROXY), and try again"
        return RelyingPartyFinding(check, .notChecked, cause, advice: error.kind == .transient ? network : advice)
    }
}

/// A session of the relying party that a token was exchanged for. Its `description` is redacted.
public struct RelyingPartySession: Sendable {
    /// Who the session is at the relying party.
    public let identity: String
    /// When it ends; nil where the relying party does not say.
    public let expiration: Date?
    /// The credentials as the relying party's SDKs read them from the output of a program.
    public let credentials: String

    /// Creates a session from its parts.
    public init(identity: String, expiration: Date?, credentials: String) {
        self.identity = identity
        self.expiration = expiration
        self.credentials = credentials
    }
}

extension RelyingPartySession: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The identity.
    public var description: String { identity }
    /// The identity.
    public var debugDescription: String { identity }
    /// Without children.
    public var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}

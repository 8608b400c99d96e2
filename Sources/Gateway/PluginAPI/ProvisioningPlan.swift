public import FoundationEssentials
public import JSON
public import Logging

/// The endpoint that is provisioned. Unlike ``Endpoint``, it may have no issuer host yet.
public struct ProvisioningRequest: Sendable {
    /// The `cluster` claim of its tokens.
    public let cluster: String
    /// The endpoint's name.
    public let name: String
    /// The configured host of the issuer; nil where provisioning decides it.
    public let host: String?
    /// The path of the issuer's URL; empty, or with a first slash.
    public let path: String
    /// As ``Issuer/jwksPath``.
    public let jwksPath: String?
    /// The `aud` claim of its tokens.
    public let audiences: [String]
    /// The key ring's random owner ID; nil in a plan where the key ring does not exist yet.
    public let owner: String?
    /// The `sub` of the token with which the gateway publishes (``PublisherContext/ownToken``).
    public let publisherSubject: String
    /// The endpoint's `settings` block as configured; nil where it is absent.
    public let settings: JSONValue?
    /// The endpoint's `publish` block as configured, without `plugin` and `probe`; nil where it is absent. It may lack keys
    /// that provisioning sets.
    public let publish: JSONValue?
    /// The identifier of the certificate for the issuer's host (`--certificate`).
    public let certificate: String?
    /// The template of `sub` with the cluster's name; it has `{namespace}` and `{saname}`.
    public let subjectTemplate: String
    /// The names of the additional claims of tokens.
    public let claims: [String]
    /// Where the documents are served, the plugin's word; nil for its default.
    public let serving: String?
    /// The roles of workloads that are provisioned too.
    public let roles: [ProvisioningRole]
    /// Whether only the roles are provisioned.
    public let isForRolesOnly: Bool
    /// The account whose resources a template has (`--account`); nil where none is named.
    public let templateAccount: String?

    /// Creates a request from its parts; nothing is checked.
    public init(
        cluster: String, name: String, host: String?, path: String, audiences: [String], owner: String?,
        publisherSubject: String, settings: JSONValue?, publish: JSONValue?, certificate: String? = nil,
        subjectTemplate: String = "", claims: [String] = [], serving: String? = nil, roles: [ProvisioningRole] = [],
        isForRolesOnly: Bool = false, templateAccount: String? = nil, jwksPath: String? = nil
    ) {
        self.cluster = cluster
        self.name = name
        self.host = host
        self.path = path
        self.audiences = audiences
        self.owner = owner
        self.publisherSubject = publisherSubject
        self.settings = settings
        self.publish = publish
        self.certificate = certificate
        self.subjectTemplate = subjectTemplate
        self.claims = claims
        self.serving = serving
        self.roles = roles
        self.isForRolesOnly = isForRolesOnly
        self.templateAccount = templateAccount
        self.jwksPath = jwksPath
    }

    /// As ``Issuer/documents``.
    public var documents: [IssuerDocumentKind] { IssuerDocumentKind.documents(jwksPath: jwksPath) }
}

/// What the gateway gives to the steps of a plugin.
public struct ProvisioningContext: Sendable {
    /// A logger.
    public let logger: Logger
    /// The HTTP client.
    public let transport: any HTTPTransport
    /// The clock.
    public let now: @Sendable () -> Date
    /// Waits these seconds, for an operation that the relying party has begun; throws where the run is cancelled.
    public let sleep: @Sendable (Int) async throws(PublishError) -> Void
    /// Returns the process's environment variable of that name.
    public let environment: @Sendable (String) -> String?
    /// Access to files.
    public let files: any PublisherFiles
    /// The issuer's documents, and the configuration file.
    public let issuer: any ProvisionedIssuer
    /// The administrator's profile, accounts and programs.
    public let administration: Administration

    /// Creates a context.
    public init(
        logger: Logger, transport: any HTTPTransport, now: @escaping @Sendable () -> Date,
        sleep: @escaping @Sendable (Int) async throws(PublishError) -> Void,
        environment: @escaping @Sendable (String) -> String?, files: any PublisherFiles,
        issuer: any ProvisionedIssuer, administration: Administration = Administration(programs: nil)
    ) {
        self.logger = logger
        self.transport = transport
        self.now = now
        self.sleep = sleep
        self.environment = environment
        self.files = files
        self.issuer = issuer
        self.administration = administration
    }
}

/// The issuer of the provisioned endpoint, as the gateway itself will publish it: with the host and the `publish` block
/// that provisioning has determined. The administrator's credentials are used.
public protocol ProvisionedIssuer: Sendable {
    /// Called when host and `publish` block are known, once or more; shows them, and writes them to a file if asked to.
    ///
    /// - Throws: where the configuration with these values is not valid.
    func isKnown(host: String, publish: JSONValue) throws(ProvisioningError)

    /// Returns the stored documents that are not up to date, human-readable.
    func staleDocuments(host: String, publish: JSONValue) async throws(ProvisioningError) -> [String]

    /// Publishes the documents.
    func publishDocuments(host: String, publish: JSONValue) async throws(ProvisioningError)

    /// Reads the issuer URL as a relying party does; returns why it does not serve the documents, nil where it does.
    func servingProblem(host: String, publish: JSONValue) async throws(ProvisioningError) -> String?
}

/// A language in which the resources are described for teams that do not run an imperative command.
public enum ProvisioningTemplate: String, Sendable, CaseIterable {
    /// HCL of Terraform and OpenTofu.
    case terraform
    /// A CloudFormation template in JSON.
    case cloudformation
}

/// The steps of one endpoint.
public struct ProvisioningPlan: Sendable {
    /// Returns who runs the command at the relying party, such as the account and the identity, in one line.
    ///
    /// Called before the steps. Throws where the credentials are missing, or belong to another account than the
    /// configuration names.
    public let identity: @Sendable () async throws(ProvisioningError) -> String
    /// The steps in the order in which they depend on each other.
    public let steps: [any ProvisioningStep]
    /// Returns what was provisioned, a line each, such as links to the relying party's console.
    public let summary: @Sendable () -> [String]
    /// Returns the same resources in a language, without the issuer's documents; nil where there is no such form. It reads
    /// what exists, and changes nothing.
    public let template: (@Sendable (ProvisioningTemplate) async throws(ProvisioningError) -> String)?
    /// Returns a file of the relying party's own configuration that no request can write, such as one of its control plane
    /// (`--output configuration`); nil where there is none.
    public let configuration: (@Sendable () throws(ProvisioningError) -> String)?
    /// Reads the roles of the request, and says who could assume them (`--check`); nil where the plugin cannot.
    public let check: (@Sendable () async throws(ProvisioningError) -> [ProvisioningCheck])?

    /// Creates a plan.
    public init(
        identity: @escaping @Sendable () async throws(ProvisioningError) -> String, steps: [any ProvisioningStep],
        summary: @escaping @Sendable () -> [String],
        template: (@Sendable (ProvisioningTemplate) async throws(ProvisioningError) -> String)? = nil,
        configuration: (@Sendable () throws(ProvisioningError) -> String)? = nil,
        check: (@Sendable () async throws(ProvisioningError) -> [ProvisioningCheck])? = nil
    ) {
        self.identity = identity
        self.steps = steps
        self.summary = summary
        self.template = template
        self.configuration = configuration
        self.check = check
    }
}

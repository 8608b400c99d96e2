public import FoundationEssentials
public import Logging

/// An endpoint's `publish` block, read and found good; opened when the gateway runs.
public struct PublisherPlan: Sendable {
    /// Where the documents go, for people and to tell two plans apart: no two endpoints may have the same.
    public let place: String
    /// Does no I/O; what is opened does.
    public let open: @Sendable (PublisherContext) -> any DiscoveryPublisher

    public init(place: String, open: @escaping @Sendable (PublisherContext) -> any DiscoveryPublisher) {
        self.place = place
        self.open = open
    }
}

/// What the gateway hands to a publisher.
public struct PublisherContext: Sendable {
    /// Carries the endpoint's name in its metadata.
    public let logger: Logger
    public let transport: any HTTPTransport
    public let now: @Sendable () -> Date
    /// How long edges and verifiers may keep a document, in seconds: what its `Cache-Control: max-age` says.
    public let maximumAge: Int
    /// The process's environment variable of that name.
    public let environment: @Sendable (String) -> String?
    public let files: any PublisherFiles
    /// A short-lived token of this endpoint for the publisher itself, with the `sub`
    /// `sts-gateway:publisher:<cluster>:<endpoint>`: a relying party may give it leave to publish.
    public let ownToken: @Sendable () async throws(PublishError) -> String
    /// Whether the public issuer URL, read now, serves the key that signs ``ownToken``; nil where nobody can say.
    public let isOwnKeyPublic: @Sendable () async -> Bool?
    /// Whether an administrator runs this by hand, whose own credentials are to be used.
    public let isByAdministrator: Bool

    public init(
        logger: Logger, transport: any HTTPTransport, now: @escaping @Sendable () -> Date, maximumAge: Int = 300,
        environment: @escaping @Sendable (String) -> String?, files: any PublisherFiles,
        ownToken: @escaping @Sendable () async throws(PublishError) -> String,
        isOwnKeyPublic: @escaping @Sendable () async -> Bool?, isByAdministrator: Bool = false
    ) {
        self.logger = logger
        self.transport = transport
        self.now = now
        self.maximumAge = maximumAge
        self.environment = environment
        self.files = files
        self.ownToken = ownToken
        self.isOwnKeyPublic = isOwnKeyPublic
        self.isByAdministrator = isByAdministrator
    }
}

/// Files that a publisher's settings name. A relative path starts at the configuration file's folder.
public protocol PublisherFiles: Sendable {
    /// The whole file; nil where there is none.
    ///
    /// - Throws: `misconfigured` where it cannot be read, or is longer than 1 MiB.
    func read(_ path: String) throws(PublishError) -> [UInt8]?

    /// Writes a file that others may read, whole or not at all, and makes its folders; what a reader has open stays as
    /// it is.
    func write(_ content: [UInt8], to path: String) throws(PublishError)

    /// Runs the work while no other process holds the lock of that file; waits a few seconds for one that does.
    func locked<Value>(
        _ path: String, _ work: () throws(PublishError) -> Value
    ) async throws(PublishError) -> Value
}

public import FoundationEssentials
public import Logging

/// A validated `publish` block of an endpoint. The gateway opens it when it starts to publish.
public struct PublisherPlan: Sendable {
    /// The two ways in which a relying party gets the keys.
    public enum Method: Sendable {
        /// The documents are published where the issuer URL serves them. The function creates the publisher. Opening does
        /// no I/O; the publisher does.
        case documents(open: @Sendable (PublisherContext) -> any DiscoveryPublisher)
        /// The keys are handed over to the relying party, which does not read the issuer URL.
        case keys(KeyHandOver)
    }

    /// Where the documents are published, or the keys stored, human-readable. It differs for any two endpoints: two
    /// endpoints with the same location are a configuration error.
    public let location: String
    /// How the relying party gets the keys.
    public let method: Method

    /// Creates the plan of a publisher of documents from its location and the function that opens it.
    public init(location: String, open: @escaping @Sendable (PublisherContext) -> any DiscoveryPublisher) {
        self.location = location
        method = .documents(open: open)
    }

    /// Creates the plan of a hand-over of keys.
    public init(location: String, keys: KeyHandOver) {
        self.location = location
        method = .keys(keys)
    }

    /// Opens the publisher of documents; nil where keys are handed over.
    public func open(_ context: PublisherContext) -> (any DiscoveryPublisher)? {
        if case .documents(let open) = method { open(context) } else { nil }
    }

    /// The hand-over of keys; nil where documents are published.
    public var keyHandOver: KeyHandOver? { if case .keys(let keys) = method { keys } else { nil } }
}

/// What the gateway gives to a publisher.
public struct PublisherContext: Sendable {
    /// A logger whose metadata has the endpoint's name.
    public let logger: Logger
    /// The HTTP client.
    public let transport: any HTTPTransport
    /// The clock.
    public let now: @Sendable () -> Date
    /// Waits these seconds, for an operation that the relying party has begun; throws where the gateway ends. For nothing
    /// else: the core repeats whatever fails.
    public let sleep: @Sendable (Int) async throws(PublishError) -> Void
    /// How long caches and verifiers may reuse a document, in seconds: the value of its `Cache-Control: max-age`
    /// (RFC 9111 §5.2.2.1).
    public let maximumAge: Int
    /// Returns the process's environment variable of that name.
    public let environment: @Sendable (String) -> String?
    /// Access to the files that the settings name.
    public let files: any PublisherFiles
    /// Returns a token of this endpoint for the publisher itself, valid for five minutes at most, with the `sub`
    /// `sts-gateway:publisher:<cluster>:<endpoint>`. A relying party may allow that subject to publish. With
    /// ``KeyHandOver/tokenEndpoint`` it is a token of that endpoint.
    public let ownToken: @Sendable () async throws(PublishError) -> String
    /// Whether the public issuer URL serves, at this moment, the key that signs ``ownToken``; nil where that is unknown.
    public let isOwnKeyPublic: @Sendable () async -> Bool?
    /// Set where an administrator runs the command by hand; then the publisher uses the administrator's credentials.
    public let administration: Administration?

    /// Creates a context. Tests take `PublisherContext.example` of GatewayPluginTesting.
    public init(
        logger: Logger, transport: any HTTPTransport, now: @escaping @Sendable () -> Date,
        sleep: @escaping @Sendable (Int) async throws(PublishError) -> Void, maximumAge: Int = 300,
        environment: @escaping @Sendable (String) -> String?, files: any PublisherFiles,
        ownToken: @escaping @Sendable () async throws(PublishError) -> String,
        isOwnKeyPublic: @escaping @Sendable () async -> Bool?, administration: Administration? = nil
    ) {
        self.logger = logger
        self.transport = transport
        self.now = now
        self.sleep = sleep
        self.maximumAge = maximumAge
        self.environment = environment
        self.files = files
        self.ownToken = ownToken
        self.isOwnKeyPublic = isOwnKeyPublic
        self.administration = administration
    }
}

/// The files that a publisher's settings name. A relative path starts at the configuration file's directory.
public protocol PublisherFiles: Sendable {
    /// Returns the content of a file; nil where it does not exist.
    ///
    /// - Throws: ``PublishError/Kind/misconfigured`` where it cannot be read, or is longer than 1 MiB.
    func read(_ path: String) throws(PublishError) -> [UInt8]?

    /// Replaces a file atomically and creates its directories. Every user may read it; a reader that has the old file open
    /// reads the old content.
    ///
    /// - Throws: ``PublishError/Kind/misconfigured`` where it cannot be written.
    func write(_ content: [UInt8], to path: String) throws(PublishError)

    /// Runs the work while this process holds an exclusive lock on that file; waits a few seconds for another process that
    /// holds it.
    ///
    /// - Throws: ``PublishError/Kind/unavailable`` where the lock is not free in time; what the work throws.
    func locked<Value>(
        _ path: String, _ work: () throws(PublishError) -> Value
    ) async throws(PublishError) -> Value
}

import GatewayCore
import GatewayPluginAPI
import Synchronization

/// The publisher of an endpoint.
enum OpenedPublisher: Sendable {
    case documents(any DiscoveryPublisher)
    case keys(any KeyRecipient, KeyHandOver.Confirmation)

    /// Opens a plan.
    init(_ plan: PublisherPlan, _ context: PublisherContext) {
        switch plan.method {
        case .documents(let open): self = .documents(open(context))
        case .keys(let keys): self = .keys(keys.open(context), keys.confirmation)
        }
    }

    var location: String {
        switch self {
        case .documents(let publisher): publisher.location
        case .keys(let recipient, _): recipient.location
        }
    }

    /// Reads what is stored, to find out whether the publisher works.
    func check() async throws(PublishError) {
        switch self {
        case .documents(let publisher): _ = try await publisher.stored(.keys)
        case .keys(let recipient, _): _ = try await recipient.stored()
        }
    }
}

/// The publishers of endpoints with their sessions, which a reload does not end where nothing of theirs has changed.
final class OpenedPublishers: Sendable {
    /// What a publisher was opened for.
    struct Identity: Equatable {
        let pluginID: String?
        let settings: String?
        let cluster: String
        let issuer: String
        let audiences: [String]
        /// Publishers write it beside the documents.
        let maximumAge: Int
        let isByAdministrator: Bool

        init(_ configuration: EndpointConfiguration, isByAdministrator: Bool) {
            pluginID = configuration.publisher?.pluginID.rawValue
            settings = configuration.publisher?.settings
            cluster = configuration.endpoint.cluster
            issuer = configuration.issuer.url
            audiences = configuration.endpoint.audiences
            maximumAge = configuration.rotation.maximumAge
            self.isByAdministrator = isByAdministrator
        }
    }

    /// What an open publisher asks of the configuration in force.
    private final class Source: Sendable {
        private let part: Mutex<PublicationTools.Part>

        init(_ part: PublicationTools.Part) { self.part = Mutex(part) }

        var value: PublicationTools.Part {
            get { part.withLock { $0 } }
            set { part.withLock { $0 = newValue } }
        }
    }

    private struct Entry {
        let identity: Identity
        let source: Source
        let publisher: OpenedPublisher
    }

    private let entries = Mutex<[String: Entry]>([:])

    /// - Parameter open: called where there is none for this identity; its argument returns the part in force.
    func publisher(
        for part: PublicationTools.Part, identity: Identity,
        _ open: (@escaping @Sendable () -> PublicationTools.Part) -> OpenedPublisher
    ) -> OpenedPublisher {
        let name = part.configuration.name
        if let entry = entries.withLock({ $0[name] }), entry.identity == identity {
            entry.source.value = part
            return entry.publisher
        }
        let source = Source(part)
        let publisher = open { source.value }
        entries.withLock { $0[name] = Entry(identity: identity, source: source, publisher: publisher) }
        return publisher
    }

    func retain(_ endpoints: Set<String>) {
        entries.withLock { entries in entries = entries.filter { endpoints.contains($0.key) } }
    }
}

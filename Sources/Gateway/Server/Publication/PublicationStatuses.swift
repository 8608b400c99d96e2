import GatewayCore
import Synchronization

/// Where the publication of each endpoint stands now.
final class PublicationStatuses: Sendable {
    private let statuses = Mutex<[String: PublicationStatus]>([:])

    subscript(endpoint: String) -> PublicationStatus? {
        get { statuses.withLock { $0[endpoint] } }
        set { statuses.withLock { $0[endpoint] = newValue } }
    }
}

import GatewayCore
import Synchronization

/// Where the publication of each endpoint stands now.
final class PublicationStatuses: Sendable {
    private struct Entry {
        let signal = ChangeSignal()
        var status: PublicationStatus?
    }

    private let entries = Mutex<[String: Entry]>([:])

    subscript(endpoint: String) -> PublicationStatus? {
        get { entries.withLock { $0[endpoint]?.status } }
        set {
            let signal = entries.withLock { entries -> ChangeSignal? in
                let isNews = entries[endpoint]?.status != newValue
                entries[endpoint, default: Entry()].status = newValue
                return isNews ? entries[endpoint]?.signal : nil
            }
            signal?.send()
        }
    }

    /// An element for what becomes of the endpoint's publication from now on.
    func changes(of endpoint: String) -> AsyncStream<Void> {
        entries.withLock { entries in
            let entry = entries[endpoint] ?? Entry()
            entries[endpoint] = entry
            return entry.signal
        }.changes()
    }
}

import GatewayCore
import Synchronization

/// The current publication status of each endpoint.
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
                let isChange = entries[endpoint]?.status != newValue
                entries[endpoint, default: Entry()].status = newValue
                return isChange ? entries[endpoint]?.signal : nil
            }
            signal?.send()
        }
    }

    /// Calls `notify` at each later change of the endpoint's publication status, until the returned value is released.
    func observe(_ endpoint: String, _ notify: @escaping @Sendable () -> Void) -> ChangeSignal.Observation {
        entries.withLock { entries in
            let entry = entries[endpoint] ?? Entry()
            entries[endpoint] = entry
            return entry.signal
        }.observe(notify)
    }
}

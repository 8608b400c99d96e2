import FoundationEssentials
import GatewayCore
import Synchronization

/// The CAs in the caBundle of each webhook configuration, and since when, as observed by the leader.
final class WebhookTrust: WebhookEvidenceReading {
    /// The observed state of one webhook configuration.
    enum Observed: Sendable, Equatable {
        /// It is not readable, or was not read yet.
        case unknown
        /// It does not exist, or the gateway does not maintain its caBundle.
        case notManaged
        /// Its caBundle lacks the CAs of the gateway.
        case lacking
        /// Its caBundle has the CAs with these ids.
        case trusts([String])
    }

    private enum Entry {
        case unknown
        case notManaged
        case lacking
        case trusts(since: [String: Date])
    }

    /// nil until the webhook configurations were listed.
    private let entries = Mutex<[String: Entry]?>(nil)
    private let signal = ChangeSignal()

    func changes() -> AsyncStream<Void> { signal.changes() }

    /// Forgets everything.
    func reset() {
        entries.withLock { $0 = nil }
        signal.send()
    }

    /// Forgets all webhook configurations but these, of which new ones are `unknown`.
    func retain(_ names: [String]) {
        entries.withLock { entries in
            let known = entries ?? [:]
            entries = Dictionary(
                names.map { ($0, known[$0] ?? .unknown) }, uniquingKeysWith: { first, _ in first })
        }
        signal.send()
    }

    /// Records the observed state of a webhook configuration.
    ///
    /// - Parameter name: one of the retained names; others are ignored.
    func record(_ observed: Observed, of name: String, at now: Date) {
        let isKnown = entries.withLock { entries in
            guard let entry = entries?[name] else { return false }
            switch observed {
            case .unknown: entries?[name] = .unknown
            case .notManaged: entries?[name] = .notManaged
            case .lacking: entries?[name] = .lacking
            case .trusts(let ids):
                var since: [String: Date] = [:]
                if case .trusts(let before) = entry { since = before }
                // A time in the future: the clock was set back.
                let present = ids.map { ($0, min(since[$0] ?? now, now)) }
                entries?[name] = .trusts(since: Dictionary(present, uniquingKeysWith: { first, _ in first }))
            }
            return true
        }
        if isKnown { signal.send() }
    }

    var webhooks: ServingEvidence.Webhooks {
        entries.withLock { entries in
            guard let entries else { return .unknown }
            var common: [String: Date]?
            for entry in entries.values {
                switch entry {
                case .unknown: return .unknown
                case .notManaged: continue
                case .lacking: common = [:]
                case .trusts(let since):
                    common =
                        common.map { known in
                            known.reduce(into: [:]) { result, pair in
                                if let date = since[pair.key] { result[pair.key] = max(date, pair.value) }
                            }
                        } ?? since
                }
            }
            return common.map { .trust($0) } ?? .notManaged
        }
    }
}

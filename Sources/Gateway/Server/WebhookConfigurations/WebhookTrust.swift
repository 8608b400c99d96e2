import FoundationEssentials
import GatewayCore
import Synchronization

/// Since when each webhook configuration has which authorities in its caBundle, as far as the leader has seen.
final class WebhookTrust: WebhookEvidenceReading {
    /// What was seen of one configuration.
    enum Sight: Sendable, Equatable {
        /// It cannot be read, or was not yet.
        case unknown
        /// It is not there, or somebody else sees to its caBundle.
        case notOurs
        /// Its caBundle is not what it should be.
        case lacking
        /// Its caBundle has the authorities of these ids.
        case trusts([String])
    }

    private enum Entry {
        case unknown
        case notOurs
        case lacking
        case trusts(since: [String: Date])
    }

    private let entries = Mutex<[String: Entry]>([:])
    private let signal = ChangeSignal()

    func changes() -> AsyncStream<Void> { signal.changes() }

    /// Begins anew: nothing is known of any of them.
    func reset(_ names: [String]) {
        entries.withLock { $0 = Dictionary(names.map { ($0, Entry.unknown) }, uniquingKeysWith: { first, _ in first }) }
        signal.send()
    }

    /// - Parameter name: one of those that it began with; others are passed over.
    func record(_ sight: Sight, of name: String, at now: Date) {
        let isKnown = entries.withLock { entries in
            guard let entry = entries[name] else { return false }
            switch sight {
            case .unknown: entries[name] = .unknown
            case .notOurs: entries[name] = .notOurs
            case .lacking: entries[name] = .lacking
            case .trusts(let ids):
                var since: [String: Date] = [:]
                if case .trusts(let before) = entry { since = before }
                let present = ids.map { ($0, since[$0] ?? now) }
                entries[name] = .trusts(since: Dictionary(present, uniquingKeysWith: { first, _ in first }))
            }
            return true
        }
        if isKnown { signal.send() }
    }

    var webhooks: ServingEvidence.Webhooks {
        entries.withLock { entries in
            guard !entries.isEmpty else { return .notManaged }
            var common: [String: Date]?
            for entry in entries.values {
                switch entry {
                case .unknown: return .unknown
                case .notOurs: continue
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

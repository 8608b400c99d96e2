import GatewayPluginAPI
import GatewayPluginTesting
import GatewayTestSupport
import JOSE
import Synchronization
import Testing

@Suite("The conformance of recipients of keys")
struct RecipientConformanceTests {
    /// A store in memory with one flaw.
    private final class Recipient: KeyRecipient {
        enum Flaw: Sendable, CaseIterable {
            case none, ignoresConditions, dropsKeys, deniesConflicts, isNeverComplete, hasOneVersion

            var rules: Set<ConformanceBreach.Rule> {
                switch self {
                case .none: []
                case .ignoresConditions: [.recipientConditions, .recipientReads]
                case .deniesConflicts: [.recipientConditions]
                case .hasOneVersion: [.recipientConditions, .recipientReads]
                case .dropsKeys, .isNeverComplete: [.recipientReads]
                }
            }
        }

        let location = "here"
        private let flaw: Flaw
        private let state = Mutex<(keys: JSONWebKeySet?, version: Int)>((nil, 0))

        init(_ flaw: Flaw) { self.flaw = flaw }

        func stored() async throws(PublishError) -> StoredKeySet? {
            let (keys, version) = state.withLock { $0 }
            return keys.map {
                StoredKeySet(
                    keys: $0, isComplete: flaw != .isNeverComplete, version: flaw == .hasOneVersion ? "1" : "\(version)"
                )
            }
        }

        func replace(_ stored: StoredKeySet?, with keys: JSONWebKeySet) async throws(PublishError) {
            let found = try await self.stored()?.version
            if flaw != .ignoresConditions, found != stored?.version {
                throw PublishError(flaw == .deniesConflicts ? .denied : .conflict, "another writer was first")
            }
            state.withLock {
                $0 = (flaw == .dropsKeys ? JSONWebKeySet(keys: Array(keys.keys.prefix(1))) : keys, $0.version + 1)
            }
        }
    }

    @Test("Each flaw breaks its rules, and a recipient without a flaw none", arguments: Recipient.Flaw.allCases)
    private func flaws(flaw: Recipient.Flaw) async {
        let breaches = await checkConformance(of: Recipient(flaw))
        #expect(Set(breaches.map(\.rule)) == flaw.rules, "\(breaches)")
    }
}

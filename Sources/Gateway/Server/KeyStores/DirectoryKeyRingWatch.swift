import GatewayCore
import LocalFiles
import Logging

/// Looks at the ring files of a directory once a second, for what other processes and people do to them.
struct DirectoryKeyRingWatch: KeyRingWatching {
    let store: DirectorySigningKeyStore
    let pacing: Pacing
    let logger: Logger

    /// Seconds.
    private static let interval = 1.0

    func watch(_ tell: @Sendable (KeyRingNews) async -> Void) async {
        var known: [String: FileSignature] = [:]
        var failure: KeyStoreError?
        while !Task.isCancelled {
            do throws(KeyStoreError) {
                try await look(&known, tell)
                failure = nil
            } catch {
                if failure != error {
                    logger.error("the key directory cannot be read", metadata: ["reason": "\(error)"])
                }
                failure = error
            }
            try? await pacing.sleep(Self.interval)
        }
    }

    private func look(
        _ known: inout [String: FileSignature], _ tell: @Sendable (KeyRingNews) async -> Void
    ) async throws(KeyStoreError) {
        let there = try store.signatures()
        for (endpoint, signature) in there where known[endpoint] != signature {
            do throws(KeyStoreError) {
                guard let stored = try await store.load(endpoint: endpoint) else { continue }
                await tell(.ring(endpoint: endpoint, stored))
            } catch {
                await tell(.unusable(endpoint: endpoint, error))
                // A file that cannot be opened may be opened later without being written.
                if case .unavailable = error { continue }
            }
            known[endpoint] = signature
        }
        for endpoint in known.keys where there[endpoint] == nil {
            known[endpoint] = nil
            await tell(.gone(endpoint: endpoint))
        }
        await tell(.confirmed(endpoints: Set(there.keys)))
    }
}

extension DirectorySigningKeyStore {
    /// Of every ring's file, by the endpoint's name.
    func signatures() throws(KeyStoreError) -> [String: FileSignature] {
        var signatures: [String: FileSignature] = [:]
        for endpoint in try names() { signatures[endpoint] = signature(of: endpoint) }
        return signatures
    }
}

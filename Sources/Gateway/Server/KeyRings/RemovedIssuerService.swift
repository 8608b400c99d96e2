import FoundationEssentials
import GatewayCore
import Logging
import ServiceLifecycle

/// Records in the key rings of removed endpoints when they were removed, while this replica is the leader. A leader that
/// has such an endpoint in its configuration clears that again.
struct RemovedIssuerService: Service {
    let issuers: RemovedIssuers
    let store: any DocumentStore<KeyRing>
    let leadership: Leadership
    let scheduler: Scheduler
    let logger: Logger

    func run() async {
        await cancelWhenGracefulShutdown {
            await leadership.whileLeading { await lead() }
        }
    }

    private func lead() async {
        let log = FailureLog(
            "endpoint removal not recorded", recovered: "endpoint removal recorded", level: .warning, logger: logger)
        await RetryLoop<StoreError>(scheduler: scheduler, log: log).run {
            [issuers.changes()]
        } _: { () throws(StoreError) in
            for stored in issuers.rings { try await record(stored) }
            return .at(nil)
        }
    }

    private func record(_ stored: Stored<KeyRing>) async throws(StoreError) {
        guard let ring = stored.value.recordingRemoval(at: scheduler.now()), leadership.isLeading else { return }
        do throws(StoreError) {
            issuers.put(Stored(ring, version: try await store.save(ring, replacing: stored.version)))
            logger.notice(
                "endpoint removed; its documents are served until its last token has expired",
                metadata: ["endpoint": "\(ring.endpoint)", "until": "\(ring.tokensEnd ?? .distantFuture)"])
        } catch {
            // Another process has written the ring: the watch reports it.
            guard error == .conflict else { throw error }
        }
    }
}

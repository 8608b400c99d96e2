import GatewayCore
import GatewayPluginAPI
import NIOCore
import Synchronization

/// Limits token calls by ServiceAccount, by source address and in all. One instance serves all endpoints of a replica.
///
/// A call beyond a limit gets its response a second late, so that a client without pauses takes little of the
/// processor.
final class CallLimiter: CallLimiting {
    /// Seconds.
    static let delay = 1.0
    /// The maximum number of responses that wait; further ones do not.
    static let maximumDelayed = 1_024

    private struct State {
        var allowances: CallAllowances<PeerAddress>
        var delayed = 0
    }

    private let state: Mutex<State>
    private let scheduler: Scheduler

    init(_ limits: CallLimits, scheduler: Scheduler) {
        state = Mutex(State(allowances: CallAllowances(limits)))
        self.scheduler = scheduler
    }

    func spend(_ identity: WorkloadIdentity) -> CallRefusal? {
        let now = scheduler.monotonic()
        return state.withLock {
            $0.allowances.spend(
                namespace: identity.namespace, serviceAccount: identity.serviceAccount.name, at: now)
        }
    }

    /// Why calls of an address are not reviewed now; nil where they are.
    func refusal(of remoteAddress: String?) -> CallRefusal? {
        let now = scheduler.monotonic()
        return state.withLock { $0.allowances.refusal(of: PeerAddress(text: remoteAddress), at: now) }
    }

    /// Charges the address for a rejected call, and delays the response to a call beyond a limit.
    func observe(_ outcome: AuditRecord.Outcome, from remoteAddress: String?) async {
        switch outcome {
        case .malformed, .refused(.invalidSubjectToken), .refused(.invalidTarget):
            let now = scheduler.monotonic()
            state.withLock { $0.allowances.reject(PeerAddress(text: remoteAddress), at: now) }
        case .limited, .refused(.tooManyCalls): await delayResponse()
        case .issued, .allowed, .failed, .refused: break
        }
    }

    private func delayResponse() async {
        let isDelayed = state.withLock { state in
            guard state.delayed < Self.maximumDelayed else { return false }
            state.delayed += 1
            return true
        }
        guard isDelayed else { return }
        // Cancelled where the connection ends.
        try? await scheduler.sleep(Self.delay)
        state.withLock { $0.delayed -= 1 }
    }
}

extension PeerAddress {
    /// - Parameter text: an IP address; all others count as one.
    fileprivate init(text: String?) { self.init(text.flatMap { try? SocketAddress(ipAddress: $0, port: 0) }) }
}

/// How many token calls each caller may still make at one replica.
///
/// 1. A ServiceAccount's bucket is spent only by calls whose identity is verified: otherwise anybody could spend it.
/// 2. A source address is charged only for calls that are rejected before that, since many workloads share an address
///    behind NAT. While its bucket is empty, its calls are not reviewed.
/// 3. The bucket of all calls is spent only by calls that the first one allows, so that one ServiceAccount cannot
///    empty it.
package struct CallAllowances<Source: Hashable & Sendable>: Sendable {
    private var serviceAccounts: TokenBuckets<ServiceAccount>
    private var sources: TokenBuckets<Source>
    private let totalLimit: RateLimit
    private var total = TokenBucket()

    package init(_ limits: CallLimits) {
        serviceAccounts = TokenBuckets(limits.serviceAccount, capacity: limits.trackedCallers)
        sources = TokenBuckets(limits.rejected, capacity: limits.trackedCallers)
        totalLimit = limits.total
    }

    /// The number of callers with a bucket of their own.
    package var count: Int { serviceAccounts.count + sources.count }

    /// Takes a call of a ServiceAccount whose identity is verified.
    ///
    /// - Parameter now: monotonic seconds.
    /// - Returns: why it may not call now; nil where it may.
    package mutating func spend(namespace: String, serviceAccount: String, at now: Double) -> CallRefusal? {
        let account = serviceAccounts.place(of: ServiceAccount(namespace: namespace, name: serviceAccount), at: now)
        let wait = serviceAccounts.wait(account, at: now)
        guard wait == 0 else { return CallRefusal(.serviceAccount, wait: wait) }
        let totalWait = total.wait(totalLimit, at: now)
        guard totalWait == 0 else { return CallRefusal(.total, wait: totalWait) }
        serviceAccounts.spend(account, at: now)
        total.spend(totalLimit, at: now)
        return nil
    }

    /// Why calls of that address are not reviewed now; nil where they are.
    package mutating func refusal(of source: @autoclosure () -> Source, at now: Double) -> CallRefusal? {
        guard sources.count > 0 else { return nil }
        let wait = sources.wait(sources.place(of: source(), at: now), at: now)
        return wait == 0 ? nil : CallRefusal(.source, wait: wait)
    }

    /// Charges an address for a call that was rejected before its identity was verified.
    package mutating func reject(_ source: Source, at now: Double) {
        sources.spend(sources.place(of: source, at: now), at: now)
    }
}

/// Not within the generic type, so that its buckets are of one type.
private struct ServiceAccount: Hashable {
    let namespace: String
    let name: String
}

/// The limits of token calls at one replica.
package struct CallLimits: Sendable, Equatable {
    /// Of each ServiceAccount.
    package var serviceAccount: RateLimit
    /// Rejected calls of each source address.
    package var rejected: RateLimit
    /// Of all ServiceAccounts together.
    package var total: RateLimit
    /// The maximum number of ServiceAccounts, and of addresses, with a bucket of their own.
    package var trackedCallers: Int

    package init(serviceAccount: RateLimit, rejected: RateLimit, total: RateLimit, trackedCallers: Int) {
        self.serviceAccount = serviceAccount
        self.rejected = rejected
        self.total = total
        self.trackedCallers = trackedCallers
    }
}

/// Which limit a call exceeds.
package struct CallRefusal: Sendable, Equatable {
    /// The texts are values of the audit (`docs/audit.md`).
    package enum Limit: String, Sendable, CaseIterable {
        case serviceAccount = "too many calls of the ServiceAccount"
        case source = "too many rejected calls from the address"
        case total = "too many calls in all"
    }

    package let limit: Limit
    /// Seconds; 1 or more.
    package let retryAfter: Int

    init(_ limit: Limit, wait: Double) {
        self.limit = limit
        retryAfter = Int(min(max(1, wait.rounded(.up)), 600))
    }

    package init(_ limit: Limit, retryAfter: Int) {
        self.limit = limit
        self.retryAfter = retryAfter
    }
}

package import FoundationEssentials

/// The state of one replica, as `/status` shows it: names, times, counts and reasons, no secret.
package struct StatusReport: Sendable, Equatable {
    /// How an endpoint or a check is.
    package enum Health: String, Sendable, CaseIterable {
        case ok
        /// Tokens are issued; something needs attention.
        case warning
        /// No token is issued.
        case failed
    }

    /// Something that is wrong.
    package struct Problem: Sendable, Equatable {
        package var text: String
        package var code: ErrorCode?
        /// When this replica has noticed it; nil where that is not known.
        package var since: Date?

        package init(text: String, code: ErrorCode?, since: Date?) {
            self.text = code?.beginning(of: text) ?? text
            self.code = code
            self.since = since
        }
    }

    /// A check of the replica as a whole that fails.
    package struct Check: Sendable, Equatable {
        package let name: String
        package let problem: Problem

        package init(name: String, problem: Problem) {
            self.name = name
            self.problem = problem
        }
    }

    /// A process of the gateway.
    package struct Replica: Sendable, Equatable {
        package let name: String
        package let isReady: Bool
        package let isLeader: Bool
        package let isThis: Bool
        package let started: Date?

        package init(name: String, isReady: Bool, isLeader: Bool, isThis: Bool, started: Date?) {
            self.name = name
            self.isReady = isReady
            self.isLeader = isLeader
            self.isThis = isThis
            self.started = started
        }
    }

    /// All replicas, as the API server knows them.
    package struct Replicas: Sendable, Equatable {
        /// The leader; nil where there is none or it is not known.
        package var leader: String?
        package var all: [Replica]
        /// Why they are not known; nil where they are.
        package var problem: String?

        package init(leader: String? = nil, all: [Replica] = [], problem: String? = nil) {
            self.leader = leader
            self.all = all
            self.problem = problem
        }
    }

    /// A kind of log record of level `warning` and above, with its last occurrence.
    package struct Failure: Sendable, Equatable {
        package var level: String
        package var message: String
        package var code: String?
        package var endpoint: String?
        package var reason: String?
        package var first: Date
        package var last: Date
        package var count: Int

        package init(
            level: String, message: String, code: String?, endpoint: String?, reason: String?, first: Date, last: Date,
            count: Int
        ) {
            self.level = level
            self.message = message
            self.code = code
            self.endpoint = endpoint
            self.reason = reason
            self.first = first
            self.last = last
            self.count = count
        }
    }

    /// Labeled Pods without tokens.
    package struct Uninjected: Sendable, Equatable {
        package let endpoint: String
        package let reason: String
        package let count: Int

        package init(endpoint: String, reason: String, count: Int) {
            self.endpoint = endpoint
            self.reason = reason
            self.count = count
        }
    }

    package var version: String
    package var cluster: String
    package var time: Date
    package var started: Date
    /// The name of this replica.
    package var replica: String
    /// Whether it leads. Only the leader publishes, reads the issuer URLs and counts Pods without tokens.
    package var isLeading: Bool
    /// The checks that fail.
    package var checks: [Check]
    package var replicas: Replicas
    package var endpoints: [Endpoint]
    /// The latest failures first.
    package var failures: [Failure]
    /// Token calls of the last hour by decision.
    package var exchanges: [OutcomeSeries]
    /// Admission reviews of the last hour by result.
    package var reviews: [OutcomeSeries]
    /// nil where this replica does not know.
    package var uninjected: [Uninjected]?

    package init(
        version: String, cluster: String, time: Date, started: Date, replica: String, isLeading: Bool, checks: [Check],
        replicas: Replicas, endpoints: [Endpoint], failures: [Failure], exchanges: [OutcomeSeries],
        reviews: [OutcomeSeries], uninjected: [Uninjected]?
    ) {
        self.version = version
        self.cluster = cluster
        self.time = time
        self.started = started
        self.replica = replica
        self.isLeading = isLeading
        self.checks = checks
        self.replicas = replicas
        self.endpoints = endpoints
        self.failures = failures
        self.exchanges = exchanges
        self.reviews = reviews
        self.uninjected = uninjected
    }

    /// The worst health of endpoints and checks.
    package var health: Health {
        if endpoints.contains(where: { $0.health == .failed }) { return .failed }
        let isFine = checks.isEmpty && endpoints.allSatisfy { $0.health == .ok }
        return isFine ? .ok : .warning
    }
}

/// How often one outcome happened in each minute of the last hour.
package struct OutcomeSeries: Sendable, Equatable {
    package let outcome: String
    /// The oldest minute first; the last one is the current minute.
    package let minutes: [Int]

    package init(outcome: String, minutes: [Int]) {
        self.outcome = outcome
        self.minutes = minutes
    }

    package var total: Int { minutes.reduce(0, +) }
}

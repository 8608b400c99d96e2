import FoundationEssentials
package import JSON

extension StatusReport {
    /// One JSON object. Members without a value are absent.
    package var json: JSONValue {
        var members = Members()
        members.add("version", version)
        members.add("cluster", cluster)
        members.add("time", time)
        members.add("started", started)
        members.add("replica", replica)
        members.add("leading", .bool(isLeading))
        members.add("health", health.rawValue)
        members.add("checks", .array(checks.map { ["name": .string($0.name), "problem": $0.problem.json] }))
        members.add("replicas", replicas.json)
        members.add("endpoints", .array(endpoints.map(\.json)))
        members.add("failures", .array(failures.map(\.json)))
        members.add("exchanges", .array(exchanges.map(\.json)))
        members.add("webhook", .array(reviews.map(\.json)))
        if let uninjected {
            members.add(
                "uninjectedPods",
                .array(
                    uninjected.map {
                        ["endpoint": .string($0.endpoint), "reason": .string($0.reason), "count": .integer($0.count)]
                    }))
        }
        return members.json
    }

    /// The members of an object.
    fileprivate struct Members {
        private var members: [JSONValue.Member] = []

        var json: JSONValue { .object(members) }

        mutating func add(_ name: String, _ value: JSONValue) { members.append(.init(name, value)) }

        mutating func add(_ name: String, _ text: String?) {
            if let text { members.append(.init(name, .string(text))) }
        }

        mutating func add(_ name: String, _ time: Date?) {
            if let time { members.append(.init(name, .string(StatusTime.text(time)))) }
        }

        mutating func add(_ name: String, _ flag: Bool?) {
            if let flag { members.append(.init(name, .bool(flag))) }
        }
    }
}

extension StatusReport.Problem {
    fileprivate var json: JSONValue {
        var members = StatusReport.Members()
        members.add("text", text)
        members.add("code", code?.rawValue)
        members.add("since", since)
        return members.json
    }
}

extension StatusReport.Replicas {
    fileprivate var json: JSONValue {
        var members = StatusReport.Members()
        members.add("leader", leader)
        members.add("problem", problem)
        let replicas = all.map { replica in
            var members = StatusReport.Members()
            members.add("name", replica.name)
            members.add("ready", .bool(replica.isReady))
            members.add("leader", .bool(replica.isLeader))
            members.add("this", .bool(replica.isThis))
            members.add("started", replica.started)
            return members.json
        }
        members.add("all", .array(replicas))
        return members.json
    }
}

extension StatusReport.Failure {
    fileprivate var json: JSONValue {
        var members = StatusReport.Members()
        members.add("level", level)
        members.add("message", message)
        members.add("code", code)
        members.add("endpoint", endpoint)
        members.add("reason", reason)
        members.add("first", first)
        members.add("last", last)
        members.add("count", .integer(count))
        return members.json
    }
}

extension OutcomeSeries {
    fileprivate var json: JSONValue {
        [
            "outcome": .string(outcome), "total": .integer(total),
            "minutes": .array(minutes.map { JSONValue.integer($0) }),
        ]
    }
}

extension StatusReport.Endpoint {
    fileprivate var json: JSONValue {
        var members = StatusReport.Members()
        members.add("name", name)
        members.add("plugin", plugin)
        members.add("path", path)
        members.add("issuer", issuer)
        members.add("health", health.rawValue)
        members.add("problems", .array(problems.map(\.json)))
        members.add("keys", .array(keys.map(\.json)))
        members.add("next", next)
        if let publication { members.add("publication", publication.json) }
        members.add("calls", .object(calls.map { .init($0.outcome, .integer($0.total)) }))
        return members.json
    }
}

extension StatusReport.Endpoint.Key {
    fileprivate var json: JSONValue {
        var members = StatusReport.Members()
        members.add("kid", id)
        members.add("algorithm", algorithm)
        members.add("state", state)
        if isStandby { members.add("standby", .bool(true)) }
        members.add("created", created)
        members.add("published", published)
        members.add("activated", activated)
        members.add("retired", retired)
        members.add("next", next)
        members.add("until", until)
        return members.json
    }
}

extension StatusReport.Endpoint.Publication {
    fileprivate var json: JSONValue {
        var members = StatusReport.Members()
        members.add("location", location)
        members.add("lastSuccess", lastSuccess)
        members.add("invalidatingSince", invalidatingSince)
        members.add("lastInvalidation", lastInvalidation)
        members.add("lastReading", lastReading)
        members.add("verdict", verdict)
        members.add("matches", isMatch)
        return members.json
    }
}

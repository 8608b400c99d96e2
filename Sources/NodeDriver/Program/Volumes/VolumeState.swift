import ExchangeClient

/// What the driver knows of a published volume. It can be recovered from the volume's files.
struct VolumeState: Equatable {
    struct Entry: Equatable {
        var schedule: RefreshSchedule
        /// Why the last attempt failed; nil after a success.
        private var failure: SidecarError?
        var hasFiles = false

        init(schedule: RefreshSchedule) { self.schedule = schedule }

        /// The failure with the audit id, for the Pod's Events.
        var problem: String {
            guard let failure else { return "no token yet" }
            guard let auditID = failure.auditID else { return failure.codedReason }
            return "\(failure.reason); audit id \(auditID) (\(failure.code.rawValue))"
        }

        /// The audit id is that of the first response with the failure, so that the text does not change with each
        /// attempt: the kubelet makes an Event of each new one.
        mutating func failed(_ error: SidecarError) {
            if let failure, failure.auditID != nil, failure.codedReason == error.codedReason { return }
            failure = error
        }

        mutating func succeeded() { failure = nil }
    }

    /// The endpoints and files of the request.
    let endpoints: [VolumeRequest.Endpoint]
    var entries: [String: Entry]
    /// The device and the inode of the folder; nil before it exists.
    var device: UInt64?
    var inode: UInt64?

    init(_ request: VolumeRequest, at now: Double) {
        endpoints = request.endpoints
        entries = Dictionary(
            uniqueKeysWithValues: request.endpoints.map { ($0.name, Entry(schedule: RefreshSchedule(at: now))) })
    }

    /// Whether every endpoint has a valid token and none is due: the call has nothing to do.
    func isCurrent(at now: Double) -> Bool {
        entries.values.allSatisfy { $0.hasFiles && $0.schedule.isTokenValid(at: now) && !$0.schedule.isDue(at: now) }
    }

    /// The error of each endpoint without a valid token.
    func problems(at now: Double) -> [String] {
        endpoints.compactMap { endpoint in
            guard let entry = entries[endpoint.name], !entry.schedule.isTokenValid(at: now) else { return nil }
            return "endpoint \(endpoint.name): \(entry.problem)"
        }
    }
}

package import GatewayPluginAPI

/// The port to the limits of calls, whose buckets all endpoints of a replica share.
package protocol CallLimiting: Sendable {
    /// Takes a call of a workload whose identity is verified.
    ///
    /// - Returns: why it may not call now; nil where it may.
    func spend(_ identity: WorkloadIdentity) -> CallRefusal?
}

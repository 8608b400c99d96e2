import GatewayCore

/// The port to where the gateway's own certificates are kept. Every write is compare-and-swap, so two replicas never
/// make two authorities.
protocol ServingIdentityStore: Sendable {
    /// nil where there is none.
    func load() async throws(ServingIdentityError) -> StoredServingIdentity?

    /// Writes an identity in place of what was read.
    ///
    /// - Parameter version: of what was read; nil where there was nothing.
    /// - Throws: `conflict` where the store holds something else by now.
    func save(
        _ identity: ServingIdentity, replacing version: String?
    ) async throws(ServingIdentityError) -> StoredServingIdentity

    /// Tells what there is, then every change, until the task is cancelled. Failures of the store are retried with
    /// backoff and logged; while they last nothing is told.
    func watch(_ tell: @Sendable (ServingIdentityNews) async -> Void) async
}

/// An identity as read.
struct StoredServingIdentity: Sendable {
    let identity: ServingIdentity
    /// What a later write compares.
    let version: String
    /// What an operator has written to ask for another authority.
    let request: String?
}

/// What a watch of the store tells.
enum ServingIdentityNews: Sendable {
    case identity(StoredServingIdentity)
    /// There is something that cannot be used.
    case unusable(ServingIdentityError, version: String)
    /// There is nothing.
    case gone
}

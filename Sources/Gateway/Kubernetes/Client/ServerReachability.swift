import Synchronization

/// Whether the last calls to the API server were answered.
public final class ServerReachability: Sendable {
    private let failure = Mutex<String?>(nil)

    init() {}

    /// Why the last call had no answer; nil where it had one, or before the first call.
    public var problem: String? { failure.withLock { $0 } }

    func record(_ failure: String?) { self.failure.withLock { $0 = failure } }
}

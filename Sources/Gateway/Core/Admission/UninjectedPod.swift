/// A labelled Pod that runs without the tokens of an endpoint: the silent miss that the webhook is there to prevent.
public struct UninjectedPod: Sendable, Equatable {
    public enum Reason: String, Sendable, CaseIterable {
        /// It was made when the webhook did not see it, or with another one's sidecar.
        case missing
        /// It has no annotation to say what it wants, so that the webhook could add nothing.
        case noValue = "no_value"
    }

    /// What makes Pods anew, and is told once for all of them.
    public struct Owner: Sendable, Hashable {
        public let namespace: String
        /// With its kind, such as `ReplicaSet/web-6c4f`.
        public let name: String
        public let endpoint: String
        public let reason: Reason
    }

    public let owner: Owner
    public let name: String

    public init(name: String, owner: Owner) {
        self.name = name
        self.owner = owner
    }
}

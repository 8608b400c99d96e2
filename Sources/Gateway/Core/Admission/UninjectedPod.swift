/// A labelled Pod that runs without the tokens of an endpoint: the silent miss that the webhook is there to prevent.
package struct UninjectedPod: Sendable, Equatable {
    package enum Reason: String, Sendable, CaseIterable {
        /// It was made when the webhook did not see it, or with another one's sidecar.
        case missing
        /// It has no annotation to say what it wants, so that the webhook could add nothing.
        case noValue = "no_value"
    }

    /// What makes Pods anew, and is told once for all of them.
    package struct Owner: Sendable, Hashable {
        package let namespace: String
        /// With its kind, such as `ReplicaSet/web-6c4f`.
        package let name: String
        package let endpoint: String
        package let reason: Reason
    }

    package let owner: Owner
    package let name: String

    package init(name: String, owner: Owner) {
        self.name = name
        self.owner = owner
    }
}

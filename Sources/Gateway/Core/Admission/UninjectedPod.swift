/// A labelled Pod that runs without the tokens of an endpoint.
package struct UninjectedPod: Sendable, Equatable {
    /// Why the Pod has no tokens.
    package enum Reason: String, Sendable, CaseIterable {
        /// The webhook was not called, or the Pod has another sidecar.
        case missing
        /// The Pod has no annotation with a value, so the webhook added nothing.
        case noValue = "no_value"
    }

    /// The controller that creates the Pods; it is reported once for all of them.
    package struct Owner: Sendable, Hashable {
        package let namespace: String
        /// Kind and name, such as `ReplicaSet/web-6c4f`.
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

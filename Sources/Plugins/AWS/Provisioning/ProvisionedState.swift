import Synchronization

/// What the steps have found or created, for the steps that follow.
final class ProvisionedState: Sendable {
    struct Values: Sendable {
        /// The account of the credentials.
        var account: String?
        var accessControl: String?
        var distribution: Distribution?
        /// Whether the bucket exists.
        var hasBucket = false
        var isAdopted: Set<String> = []
    }

    struct Distribution: Sendable, Equatable {
        let id: String
        /// CloudFront's own name, `<random>.cloudfront.net`.
        let domain: String
    }

    private let values = Mutex(Values())

    var current: Values { values.withLock { $0 } }

    func update(_ change: (inout Values) -> Void) { values.withLock { change(&$0) } }
}

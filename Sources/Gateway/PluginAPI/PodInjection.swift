/// A Pod that asks for an endpoint's tokens.
public struct InjectionRequest: Sendable, Equatable {
    /// The value of the Pod's or ServiceAccount's annotation, such as a role's name.
    public let annotation: String
    public let namespace: String
    public let serviceAccountName: String

    public init(annotation: String, namespace: String, serviceAccountName: String) {
        self.annotation = annotation
        self.namespace = namespace
        self.serviceAccountName = serviceAccountName
    }
}

/// What a plugin adds to such a Pod's containers. The token's file and its variable are the core's to add.
public struct PodInjection: Sendable, Equatable {
    public struct EnvironmentVariable: Sendable, Equatable {
        public let name: String
        /// The literal value; the core escapes it for Kubernetes.
        public let value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// What the annotation says, as the variable for it shall have it.
    public let value: String
    /// Variables beside those that `injector` names.
    public let environment: [EnvironmentVariable]

    public init(value: String, environment: [EnvironmentVariable] = []) {
        self.value = value
        self.environment = environment
    }
}

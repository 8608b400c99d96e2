/// A Pod that asks for an endpoint's tokens.
public struct InjectionRequest: Sendable, Equatable {
    /// The value of the Pod's or ServiceAccount's annotation, such as a role's name. Whoever may create Pods writes it:
    /// any UTF-8 of up to 256 KiB.
    public let annotation: String
    /// The Pod's namespace.
    public let namespace: String
    /// The name of the Pod's ServiceAccount.
    public let serviceAccountName: String

    /// Creates a request from its parts.
    public init(annotation: String, namespace: String, serviceAccountName: String) {
        self.annotation = annotation
        self.namespace = namespace
        self.serviceAccountName = serviceAccountName
    }
}

/// What a plugin adds to the containers of a Pod. The core adds the token's file and the variable with its path.
public struct PodInjection: Sendable, Equatable {
    /// An environment variable of every container.
    public struct EnvironmentVariable: Sendable, Equatable {
        /// A C identifier (`[A-Za-z_][A-Za-z0-9_]*`).
        public let name: String
        /// The literal value, 4096 bytes at most; the core escapes it for Kubernetes (`$(NAME)`).
        public let value: String

        /// Creates a variable from its name and value.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The value of the variable that ``EndpointDefaults/Injector/valueVariable`` names; never empty.
    public let value: String
    /// Further variables; none of the two that the injector sets itself.
    public let environment: [EnvironmentVariable]

    /// Creates what to add from a value and further variables.
    public init(value: String, environment: [EnvironmentVariable] = []) {
        self.value = value
        self.environment = environment
    }
}

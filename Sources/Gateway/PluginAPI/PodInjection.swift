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
        /// Other names of the same setting: a container that sets one of them itself does not get this variable.
        public let unlessSet: [String]

        /// Creates a variable from its name and value.
        public init(_ name: String, _ value: String, unlessSet: [String] = []) {
            self.name = name
            self.value = value
            self.unlessSet = unlessSet
        }
    }

    /// A setting that the relying party's SDKs need, by the variables that they read it from.
    public struct ExpectedVariable: Sendable, Equatable {
        /// The variables; one of them is enough.
        public let names: [String]
        /// What fails without it and what to do, in lower case, without a final period, and 1,000 bytes at most.
        public let advice: String

        /// Creates an expectation. Where no container of a Pod sets one of the variables, and none is injected, the Pod's
        /// author is warned.
        public init(anyOf names: [String], advice: String) {
            self.names = names
            self.advice = advice
        }
    }

    /// Variables that the relying party's SDKs use in place of the token, such as static credentials.
    public struct ConflictingVariables: Sendable, Equatable {
        /// The variables; each of them has the effect.
        public let names: [String]
        /// What they do and what to do, in lower case, without a final period, and 1,000 bytes at most.
        public let advice: String

        /// Creates a conflict. Where a container of a Pod sets one of the variables, the Pod's author is warned.
        public init(anyOf names: [String], advice: String) {
            self.names = names
            self.advice = advice
        }
    }

    /// The value of the variable that ``EndpointDefaults/Injector/valueVariable`` names; never empty.
    public let value: String
    /// Further variables; none of the two that the injector sets itself.
    public let environment: [EnvironmentVariable]
    /// Settings that the Pod needs beside what is injected.
    public let expectedVariables: [ExpectedVariable]
    /// Settings that prevent the use of the token.
    public let conflictingVariables: [ConflictingVariables]

    /// Creates what to add from a value and further variables.
    public init(
        value: String, environment: [EnvironmentVariable] = [], expectedVariables: [ExpectedVariable] = [],
        conflictingVariables: [ConflictingVariables] = []
    ) {
        self.value = value
        self.environment = environment
        self.expectedVariables = expectedVariables
        self.conflictingVariables = conflictingVariables
    }
}

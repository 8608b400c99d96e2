/// A Pod that asks for an endpoint's tokens.
public struct InjectionRequest: Sendable, Equatable {
    /// The value of the Pod's or ServiceAccount's annotation, such as a role's name. Whoever may create Pods writes it:
    /// any UTF-8 of up to 256 KiB. nil where the Pod has none, which only an endpoint with an optional annotation allows
    /// (``EndpointDefaults/Injector/annotation``).
    public let annotation: String?
    /// The values of the further annotations that ``EndpointDefaults/Injector/options`` names, by their names there. Like
    /// ``annotation`` any text; those that the Pod does not have are missing.
    public let options: [String: String]
    /// The Pod's namespace.
    public let namespace: String
    /// The name of the Pod's ServiceAccount.
    public let serviceAccountName: String
    /// The path of the token file in the Pod's containers, for files and variables that name it.
    public let tokenFile: String

    /// Creates a request from its parts.
    public init(
        annotation: String?, options: [String: String] = [:], namespace: String, serviceAccountName: String,
        tokenFile: String = "/var/run/secrets/sts/endpoint/token"
    ) {
        self.annotation = annotation
        self.options = options
        self.namespace = namespace
        self.serviceAccountName = serviceAccountName
        self.tokenFile = tokenFile
    }

    /// Returns the annotation, for plugins that cannot do without one.
    ///
    /// - Throws: an error that names what is missing.
    public func requiredAnnotation() throws(InjectionError) -> String {
        guard let annotation else { throw InjectionError("missing annotation; add it to the Pod") }
        return annotation
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

    /// Variables that the relying party's SDKs use in place of the token, such as static credentials, or the variables of
    /// another relying party that they read as well.
    public struct ConflictingVariables: Sendable, Equatable {
        /// The variables; each of them has the effect.
        public let names: [String]
        /// What they do and what to do, in lower case, without a final period, and 1,000 bytes at most.
        public let advice: String

        /// Creates a conflict. Where a container of a Pod sets one of the variables, or another endpoint of the Pod does,
        /// the Pod's author is warned.
        public init(anyOf names: [String], advice: String) {
            self.names = names
            self.advice = advice
        }
    }

    /// A small file beside the token file, such as a credential configuration. The sidecar writes it before the other
    /// containers start. It is readable by every process of the Pod, so it contains no secret.
    public struct File: Sendable, Equatable {
        /// The name in the token file's folder: `[A-Za-z0-9_][A-Za-z0-9._-]*`, 63 bytes at most, and not `token`.
        public let name: String
        /// The content, 8,192 bytes of UTF-8 at most. Escape foreign text for the file's format, in JSON by encoding it.
        public let contents: String
        /// A variable with the file's path in every container; nil for none.
        public let variable: String?

        /// Creates a file.
        public init(name: String, contents: String, variable: String? = nil) {
            self.name = name
            self.contents = contents
            self.variable = variable
        }

        /// The maximum length of ``contents`` in bytes.
        public static let maximumLength = 8_192
        /// The maximum number of files of an endpoint.
        public static let maximumCount = 8

        /// Whether a text is a valid ``name``.
        public static func isName(_ text: String) -> Bool {
            guard (1...63).contains(text.utf8.count), text != "token", let first = text.utf8.first,
                !".-".utf8.contains(first)
            else { return false }
            return text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "._-".utf8.contains(byte)
                }
            }
        }
    }

    /// The value of the variable that ``EndpointDefaults/Injector/valueVariable`` names; never empty. nil where the Pod has
    /// no annotation: then the variable is not set.
    public let value: String?
    /// Further variables; none of the two that the injector sets itself. Each is one of
    /// ``EndpointDefaults/Injector/exclusiveVariables``.
    public let environment: [EnvironmentVariable]
    /// Files beside the token file.
    public let files: [File]
    /// Settings that the Pod needs beside what is injected.
    public let expectedVariables: [ExpectedVariable]
    /// Settings that prevent the use of the token.
    public let conflictingVariables: [ConflictingVariables]

    /// Creates what to add from a value, further variables and files.
    public init(
        value: String? = nil, environment: [EnvironmentVariable] = [], files: [File] = [],
        expectedVariables: [ExpectedVariable] = [], conflictingVariables: [ConflictingVariables] = []
    ) {
        self.value = value
        self.environment = environment
        self.files = files
        self.expectedVariables = expectedVariables
        self.conflictingVariables = conflictingVariables
    }
}

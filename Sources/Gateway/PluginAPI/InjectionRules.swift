/// What ``ProviderPlugin/injection(for:)`` returns, as data. The gateway makes an admission policy of it, which the API
/// server evaluates without the plugin's code.
public struct InjectionRules: Sendable, Equatable {
    /// The form of an annotation.
    public struct Form: Sendable, Equatable {
        /// A regular expression (RE2) of the whole text.
        public let pattern: String
        /// The maximum length in bytes of UTF-8.
        public let maximumLength: Int
        /// What is expected, for the Pod's author, such as `a UUID`; without a quoted value.
        public let expected: String

        /// Creates a form. Keep the pattern so narrow that the text needs no escaping where ``Text`` uses it.
        public init(pattern: String, maximumLength: Int, expected: String) {
            self.pattern = pattern
            self.maximumLength = maximumLength
            self.expected = expected
        }
    }

    /// A text that depends on the Pod.
    public indirect enum Text: Sendable, Equatable {
        /// The same text for every Pod.
        case literal(String)
        /// The annotation.
        case annotation
        /// The option of that name.
        case option(String)
        /// The Pod's namespace.
        case namespace
        /// ``InjectionRequest/tokenFile``.
        case tokenFile
        /// The name of the Pod's ServiceAccount.
        case serviceAccountName
        /// The texts one after the other.
        case joined([Text])
        /// In lower case; of ASCII letters only.
        case lowercased(Text)
        /// The first characters.
        case prefix(Text, Int)
        /// One text where the Pod has the annotation, another where it has not.
        case ifAnnotated(Text, otherwise: Text)
        /// One text where the Pod has the option, another where it has not.
        case ifOption(String, Text, otherwise: Text)
    }

    /// An environment variable.
    public struct Variable: Sendable, Equatable {
        /// The name.
        public let name: String
        /// The literal value.
        public let value: Text
        /// A container that sets one of these does not get the variable.
        public let unlessSet: [String]
        /// The variable is set only where the Pod has this option; nil for always.
        public let option: String?

        /// Creates a variable.
        public init(_ name: String, _ value: Text, unlessSet: [String] = [], option: String? = nil) {
            self.name = name
            self.value = value
            self.unlessSet = unlessSet
            self.option = option
        }
    }

    /// A file beside the token file.
    public struct File: Sendable, Equatable {
        /// The name.
        public let name: String
        /// The content.
        public let contents: Text
        /// A variable with the file's path; nil for none.
        public let variable: String?

        /// Creates a file.
        public init(name: String, contents: Text, variable: String? = nil) {
            self.name = name
            self.contents = contents
            self.variable = variable
        }
    }

    /// A condition on two annotations: where the option matches its pattern, the annotation must match the other one.
    public struct Match: Sendable, Equatable {
        /// The option.
        public let option: String
        /// A regular expression (RE2) of the whole option.
        public let optionPattern: String
        /// A regular expression (RE2) of the whole annotation.
        public let annotationPattern: String
        /// What is expected, for the Pod's author.
        public let expected: String

        /// Creates a condition.
        public init(option: String, optionPattern: String, annotationPattern: String, expected: String) {
            self.option = option
            self.optionPattern = optionPattern
            self.annotationPattern = annotationPattern
            self.expected = expected
        }
    }

    /// The form of the annotation where the Pod has one; nil for any text of one line.
    public let annotation: Form?
    /// Whether a Pod without the annotation is denied, also where the endpoint's configuration makes it optional.
    public let requiresAnnotation: Bool
    /// The form of each option.
    public let options: [String: Form]
    /// Conditions on options.
    public let matches: [Match]
    /// ``PodInjection/value``; nil for none. It is used where the Pod has the annotation, or it does not depend on it.
    public let value: Text?
    /// ``PodInjection/environment``.
    public let environment: [Variable]
    /// ``PodInjection/files``.
    public let files: [File]

    /// Creates rules.
    public init(
        annotation: Form?, requiresAnnotation: Bool, options: [String: Form] = [:], matches: [Match] = [],
        value: Text? = nil, environment: [Variable] = [], files: [File] = []
    ) {
        self.annotation = annotation
        self.requiresAnnotation = requiresAnnotation
        self.options = options
        self.matches = matches
        self.value = value
        self.environment = environment
        self.files = files
    }
}

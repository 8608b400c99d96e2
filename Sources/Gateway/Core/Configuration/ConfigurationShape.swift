/// What a key of the configuration may hold. Reader and schema both go by it.
indirect enum ConfigurationShape: Sendable {
    /// Not empty, without control characters. The pattern is a regular expression of the schema (ECMA-262).
    case text(pattern: String? = nil)
    case boolean
    case integer(ClosedRange<Int>)
    /// Seconds.
    case duration(ClosedRange<Int>)
    case choice([String])
    /// A text, or a list of one or more.
    case textOrList
    case list(of: ConfigurationShape)
    case block(ConfigurationBlock)
    /// One of the words, or the mapping.
    case choiceOrBlock([String], ConfigurationBlock)
    /// A mapping that is a plugin's to read, or stock's.
    case foreignMapping
    /// A list of names of attributes, or a mapping as `token.claims`.
    case attributes
    /// Names, each with a JSON value or `{attribute: NAME}`.
    case claims

    /// For messages: "write …".
    var wanted: String {
        switch self {
        case .text: "a text"
        case .boolean: "true or false"
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .duration(let range):
            "a time from \(ConfigurationDuration.text(range.lowerBound))"
                + " to \(ConfigurationDuration.text(range.upperBound))"
        case .choice(let words): Self.list(words)
        case .textOrList: "a text or a list of texts"
        case .list: "a list"
        case .block, .foreignMapping: "a mapping"
        case .choiceOrBlock(let words, let block):
            Self.list(words + block.keys.map { "{\($0.name): NAME}" })
        case .attributes: "a list of names of attributes"
        case .claims: "a mapping of names and values"
        }
    }

    private static func list(_ words: [String]) -> String {
        guard let last = words.last, words.count > 1 else { return words.joined() }
        return words.dropLast().joined(separator: ", ") + " or " + last
    }
}

/// One key of a block.
struct ConfigurationKey: Sendable {
    let name: String
    let shape: ConfigurationShape
    /// A sentence for the schema.
    let summary: String
    let isRequired: Bool
    /// As the schema shows it; nil where there is none to show.
    let fallback: String?

    init(
        _ name: String, _ shape: ConfigurationShape, _ summary: String, isRequired: Bool = false,
        fallback: String? = nil
    ) {
        self.name = name
        self.shape = shape
        self.summary = summary
        self.isRequired = isRequired
        self.fallback = fallback
    }
}

/// The keys that a mapping of the configuration may have.
struct ConfigurationBlock: Sendable {
    let keys: [ConfigurationKey]
    /// Whether other keys are somebody else's to check.
    let isOpen: Bool

    init(_ keys: [ConfigurationKey], isOpen: Bool = false) {
        self.keys = keys
        self.isOpen = isOpen
    }

    subscript(_ name: String) -> ConfigurationKey? { keys.first { $0.name == name } }
}

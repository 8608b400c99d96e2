/// One mapping of the file, read by the table of its keys. Whatever does not fit the table is put on the problem list,
/// and then reads as if it were absent.
struct BlockReader {
    let keyPath: String
    let line: Int
    let problems: ProblemList
    private let block: ConfigurationBlock
    private let members: [ConfigurationNode.Member]

    /// - Parameter node: nil for an empty mapping. What is no mapping is a problem.
    init(
        _ node: ConfigurationNode?, at keyPath: String, line: Int = 0, as block: ConfigurationBlock,
        problems: ProblemList
    ) {
        self.keyPath = keyPath
        self.line = node?.line ?? line
        self.problems = problems
        self.block = block
        switch node {
        case .none: members = []
        case .some(.mapping(let members, _)): self.members = members
        case .some(let node):
            members = []
            problems.error(
                at: keyPath, line: node.line,
                "\(QuotedValue.text(node, at: keyPath)) does not fit; write \(ConfigurationShape.block(block).wanted)")
        }
        guard !block.isOpen else { return }
        for member in members where block[member.key] == nil {
            problems.unknownKey(
                at: keyPath, member.key, line: member.value.line, known: block.keys.map(\.name))
        }
    }

    /// nil where the key is absent, or its value is null or an empty text.
    subscript(_ key: String) -> ConfigurationNode? {
        guard let node = members.first(where: { $0.key == key })?.value, !node.isNull else { return nil }
        if case .scalar("", _, _) = node { return nil }
        return node
    }

    func path(_ key: String) -> String { keyPath.isEmpty ? key : "\(keyPath).\(key)" }

    /// The key's line; the block's where the key is absent.
    func line(of key: String) -> Int { members.first { $0.key == key }?.value.line ?? line }

    func error(_ key: String, _ message: String) { problems.error(at: path(key), line: line(of: key), message) }

    func warning(_ key: String, _ message: String) { problems.warning(at: path(key), line: line(of: key), message) }

    /// Reports a value that is not what the table has for the key.
    func mismatch(_ key: String, _ node: ConfigurationNode) {
        let wanted = block[key]?.shape.wanted ?? "something else"
        error(key, "\(QuotedValue.text(node, at: path(key))) does not fit; write \(wanted)")
    }

    /// A value of the file, quoted for a message.
    func quote(_ value: String, _ key: String) -> String { QuotedValue.text(value, at: path(key)) }

    func shape(of key: String) -> ConfigurationShape? { block[key]?.shape }
}

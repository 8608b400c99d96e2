/// The value at a key path of the file.
struct ConfigurationValue {
    /// nil where the key is absent, or its value is null or an empty string.
    let node: ConfigurationNode?
    /// Such as `sts.endpoints[1].path`.
    let keyPath: String
    /// The key's line; the block's where the key is absent.
    let line: Int
    var isSecret = false
    let problems: ProblemList

    /// The value in quotes for messages; its kind where it is not a scalar; redacted where it is secret.
    var quoted: String {
        if isSecret { return QuotedValue.redacted }
        return node.map { QuotedValue.text($0, at: keyPath) } ?? ""
    }

    /// Reports an error.
    func error(_ message: String) { problems.error(at: keyPath, line: line, message) }

    /// Reports an invalid value.
    func invalid<Value>(expected: String) -> Value? {
        error("invalid value \(quoted); expected \(expected)")
        return nil
    }

    /// An element of the list.
    func member(_ member: ConfigurationNode.Member) -> ConfigurationValue {
        ConfigurationValue(
            node: member.value.isNull ? nil : member.value, keyPath: "\(keyPath).\(member.key)",
            line: max(member.value.line, line), isSecret: isSecret, problems: problems)
    }

    func element(_ node: ConfigurationNode, at index: Int) -> ConfigurationValue {
        ConfigurationValue(
            node: node, keyPath: "\(keyPath)[\(index)]", line: max(node.line, line), isSecret: isSecret,
            problems: problems)
    }
}

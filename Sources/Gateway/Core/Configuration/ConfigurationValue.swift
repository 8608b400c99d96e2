/// What the file has at one key path.
struct ConfigurationValue {
    /// nil where the key is absent, or its value is null or an empty string.
    let node: ConfigurationNode?
    /// Such as `sts.endpoints[1].path`.
    let keyPath: String
    /// The key's line; the block's where the key is absent.
    let line: Int
    var isSecret = false
    let problems: ProblemList

    /// In quotes; what kind of value it is where it is no scalar; nothing of a secret.
    var quoted: String {
        if isSecret { return QuotedValue.redacted }
        return node.map { QuotedValue.text($0, at: keyPath) } ?? ""
    }

    func error(_ message: String) { problems.error(at: keyPath, line: line, message) }

    func invalid<Value>(expected: String) -> Value? {
        error("invalid value \(quoted); expected \(expected)")
        return nil
    }

    /// An element of the list that this value is.
    func element(_ node: ConfigurationNode, at index: Int) -> ConfigurationValue {
        ConfigurationValue(
            node: node, keyPath: "\(keyPath)[\(index)]", line: max(node.line, line), isSecret: isSecret,
            problems: problems)
    }
}

extension BlockReader {
    /// A scalar without control characters; nil where the key is absent or empty.
    func text(_ key: String) -> String? {
        guard let node = self[key] else { return nil }
        guard case .scalar(let text, _, _) = node else {
            mismatch(key, node)
            return nil
        }
        return isProper(text, at: path(key), line: line(of: key)) ? text : nil
    }

    /// Reports the key where it is absent.
    func requiredText(_ key: String, _ hint: String) -> String? {
        if self[key] == nil { error(key, "is missing; write \(hint)") }
        return text(key)
    }

    func boolean(_ key: String) -> Bool? {
        guard let node = self[key] else { return nil }
        if let value = node.boolean { return value }
        mismatch(key, node)
        return nil
    }

    func integer(_ key: String) -> Int? {
        guard let node = self[key] else { return nil }
        if case .scalar(let text, _, _) = node, let number = Int(text), case .integer(let range) = shape(of: key),
            range.contains(number)
        {
            return number
        }
        mismatch(key, node)
        return nil
    }

    /// Seconds.
    func duration(_ key: String) -> Int? {
        guard let node = self[key] else { return nil }
        if case .scalar(let text, _, _) = node, let seconds = ConfigurationDuration.seconds(text),
            case .duration(let range) = shape(of: key), range.contains(seconds)
        {
            return seconds
        }
        mismatch(key, node)
        return nil
    }

    func choice(_ key: String) -> String? {
        guard let node = self[key] else { return nil }
        if case .scalar(let text, _, _) = node {
            switch shape(of: key) {
            case .choice(let words), .choiceOrBlock(let words, _): if words.contains(text) { return text }
            default: break
            }
        }
        mismatch(key, node)
        return nil
    }

    func choice<Word: RawRepresentable<String>>(_ key: String, of type: Word.Type) -> Word? {
        choice(key).flatMap(Word.init(rawValue:))
    }

    func listenAddress(_ key: String) -> ListenAddress? {
        guard let text = text(key) else { return nil }
        if let address = ListenAddress(text) { return address }
        error(key, "\(quote(text, key)) does not fit; write ADDRESS:PORT, such as 0.0.0.0:8443 or [::]:8443")
        return nil
    }

    /// One or more texts; nil where the key is absent or nothing of it is good.
    func texts(_ key: String) -> [String]? {
        switch self[key] {
        case .none: return nil
        case .some(.scalar): return text(key).map { [$0] }
        case .some(.sequence(let nodes, let line)):
            guard !nodes.isEmpty else {
                error(key, "is empty; write one or more, or leave the key out")
                return nil
            }
            var texts: [String] = []
            for (index, node) in nodes.enumerated() {
                let place = "\(path(key))[\(index)]"
                guard case .scalar(let text, _, _) = node, !node.isNull else {
                    problems.error(
                        at: place, line: node.line, "\(QuotedValue.text(node, at: place)) does not fit; write a text")
                    continue
                }
                guard isProper(text, at: place, line: max(node.line, line)) else { continue }
                if texts.contains(text) {
                    problems.error(
                        at: place, line: node.line, "\(QuotedValue.text(text, at: place)) is there twice; keep one")
                } else {
                    texts.append(text)
                }
            }
            return texts.isEmpty ? nil : texts
        case .some(let node):
            mismatch(key, node)
            return nil
        }
    }

    /// The block below a key; an empty one where the key is absent.
    func block(_ key: String) -> BlockReader {
        let block: ConfigurationBlock =
            switch shape(of: key) {
            case .block(let block), .choiceOrBlock(_, let block): block
            default: ConfigurationBlock([], isOpen: true)
            }
        return BlockReader(self[key], at: path(key), line: line(of: key), as: block, problems: problems)
    }

    /// The blocks of a list; nil where the key is absent.
    func blocks(_ key: String) -> [(node: ConfigurationNode, reader: BlockReader)]? {
        guard let node = self[key] else { return nil }
        guard case .sequence(let nodes, _) = node, case .list(of: .block(let block)) = shape(of: key) else {
            mismatch(key, node)
            return nil
        }
        return nodes.enumerated().map { index, node in
            (node, BlockReader(node, at: "\(path(key))[\(index)]", as: block, problems: problems))
        }
    }

    private func isProper(_ text: String, at keyPath: String, line: Int) -> Bool {
        if text.isEmpty {
            problems.error(at: keyPath, line: line, "is empty; write a text")
            return false
        }
        if text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            problems.error(at: keyPath, line: line, "has a line end or another control character; write it on one line")
            return false
        }
        return true
    }
}

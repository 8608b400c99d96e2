extension YAMLNode {
    /// Levels of a document's text; aliases can make the tree deeper.
    package static let maximumDepth = 128
    /// Nodes of a document's text, keys included: a tree of about 100 bytes each. Aliases can make it larger.
    package static let maximumNodes = 600_000

    /// Parses one document with libyaml (YAML 1.1).
    ///
    /// - Parameters:
    ///   - text: without a byte order mark.
    ///   - maximumDuplicates: how many keys of the document may be duplicates: scalars of the same text and tag in one
    ///     mapping.
    /// - Returns: nil if there is no document.
    package static func parse(_ text: String, maximumDuplicates: Int = 0) throws(YAMLError) -> YAMLNode? {
        var text = text
        let result = text.withUTF8 { bytes -> Result<YAMLNode?, YAMLError> in
            do throws(YAMLError) {
                var composer = Composer(try EventStream(bytes), maximumDuplicates: maximumDuplicates)
                return .success(try composer.document())
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

/// Makes one document's tree of its events.
private struct Composer: ~Copyable {
    private var events: EventStream
    private var anchors: [String: YAMLNode] = [:]
    private var nodes = 0
    private var duplicates = 0
    private let maximumDuplicates: Int

    init(_ events: consuming EventStream, maximumDuplicates: Int) {
        self.events = events
        self.maximumDuplicates = maximumDuplicates
    }

    mutating func document() throws(YAMLError) -> YAMLNode? {
        // The start of the stream.
        _ = try events.next()
        guard case .documentStart = try events.next().content else { return nil }
        let root = try node(try events.next(), depth: 1)
        // The end of the document.
        _ = try events.next()
        let next = try events.next()
        guard case .streamEnd = next.content else { throw .severalDocuments(line: next.mark.line) }
        return root
    }

    /// - Returns: the node that begins with the event; nil if the event ends a sequence or a mapping.
    private mutating func node(_ event: EventStream.Event, depth: Int) throws(YAMLError) -> YAMLNode? {
        let mark = event.mark
        let node: YAMLNode
        let name: String?
        switch event.content {
        case .alias(let anchor):
            guard let node = anchors[anchor] else {
                throw .syntax(problem: "found undefined alias", context: nil, line: mark.line)
            }
            return node
        case .scalar(let scalar, let anchor): (node, name) = (.scalar(scalar), anchor)
        case .sequenceStart(let tag, let anchor):
            let elements = try self.nodes(below: depth, at: mark)
            (node, name) = (.sequence(.init(elements: elements, tag: tag, mark: mark)), anchor)
        case .mappingStart(let tag, let anchor):
            let entries = try entries(below: depth, at: mark)
            (node, name) = (.mapping(.init(entries: entries, tag: tag, mark: mark)), anchor)
        case .streamStart, .streamEnd, .documentStart, .documentEnd, .sequenceEnd, .mappingEnd: return nil
        }
        nodes += 1
        guard nodes <= YAMLNode.maximumNodes else { throw .tooManyNodes(line: mark.line) }
        if let name { anchors[name] = node }
        return node
    }

    private mutating func nodes(below depth: Int, at mark: YAMLNode.Mark) throws(YAMLError) -> [YAMLNode] {
        guard depth < YAMLNode.maximumDepth else { throw .tooDeep(line: mark.line) }
        var nodes: [YAMLNode] = []
        while let node = try node(try events.next(), depth: depth + 1) { nodes.append(node) }
        return nodes
    }

    private mutating func entries(
        below depth: Int, at mark: YAMLNode.Mark
    ) throws(YAMLError) -> [YAMLNode.Mapping.Entry] {
        let nodes = try self.nodes(below: depth, at: mark)
        let entries = stride(from: 0, to: nodes.count - 1, by: 2).map { index in
            YAMLNode.Mapping.Entry(key: nodes[index], value: nodes[index + 1])
        }
        try checkDuplicates(entries)
        return entries
    }

    private mutating func checkDuplicates(_ entries: [YAMLNode.Mapping.Entry]) throws(YAMLError) {
        var first: [Key: YAMLNode.Scalar] = [:]
        var duplicated: Set<Key> = []
        for entry in entries {
            guard case .scalar(let scalar) = entry.key else { continue }
            let key = Key(scalar)
            if first[key] == nil {
                first[key] = scalar
            } else {
                duplicated.insert(key)
                duplicates += 1
            }
        }
        guard duplicates > maximumDuplicates else { return }
        let scalars = duplicated.compactMap { first[$0] }.sorted { $0.text < $1.text }
        guard let scalar = scalars.first else { return }
        throw .duplicateKeys(scalars.map(\.text), line: scalar.mark.line)
    }

    private struct Key: Hashable {
        let text: String
        let tag: String

        init(_ scalar: YAMLNode.Scalar) {
            text = scalar.text
            tag = ["", "!"].contains(scalar.tag) ? YAMLNode.stringTag : scalar.tag
        }
    }
}

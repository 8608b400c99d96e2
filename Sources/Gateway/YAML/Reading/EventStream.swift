import CLibYAML

/// libyaml's events of a text, as values.
struct EventStream: ~Copyable {
    struct Event {
        let content: Content
        let mark: YAMLNode.Mark
    }

    enum Content {
        case streamStart
        case streamEnd
        case documentStart
        case documentEnd
        case alias(String)
        case scalar(YAMLNode.Scalar, anchor: String?)
        case sequenceStart(tag: String, anchor: String?)
        case sequenceEnd
        case mappingStart(tag: String, anchor: String?)
        case mappingEnd
    }

    /// On the heap, since libyaml's parser refers to itself.
    private let parser: UnsafeMutablePointer<yaml_parser_t>

    /// - Parameter bytes: UTF-8, which must outlive the stream.
    init(_ bytes: UnsafeBufferPointer<UInt8>) throws(YAMLError) {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        parser.initialize(to: yaml_parser_t())
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            throw .outOfMemory
        }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
        self.parser = parser
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    mutating func next() throws(YAMLError) -> Event {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw Self.error(of: parser.pointee) }
        defer { yaml_event_delete(&event) }
        let mark = Self.mark(event.start_mark)
        return Event(content: Self.content(of: event, at: mark), mark: mark)
    }

    private static func content(of event: yaml_event_t, at mark: YAMLNode.Mark) -> Content {
        switch event.type {
        case YAML_STREAM_START_EVENT: return .streamStart
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        case YAML_ALIAS_EVENT: return .alias(text(event.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
            let node = YAMLNode.Scalar(
                text: scalarText(UnsafeBufferPointer(start: scalar.value, count: scalar.length), isPlain: isPlain),
                tag: scalar.quoted_implicit == 1 ? YAMLNode.stringTag : text(scalar.tag) ?? "",
                isPlain: isPlain, mark: mark)
            return .scalar(node, anchor: text(scalar.anchor))
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            return .sequenceStart(tag: start.implicit == 0 ? text(start.tag) ?? "" : "", anchor: text(start.anchor))
        case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            let start = event.data.mapping_start
            return .mappingStart(tag: start.implicit == 0 ? text(start.tag) ?? "" : "", anchor: text(start.anchor))
        case YAML_MAPPING_END_EVENT: return .mappingEnd
        default: return .streamEnd
        }
    }

    /// A quoted text may contain U+0000. A byte order mark may precede each document (YAML 1.2 §5.2); libyaml takes it for the
    /// first character of a plain scalar.
    private static func scalarText(_ bytes: UnsafeBufferPointer<UInt8>, isPlain: Bool) -> String {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        return String(decoding: isPlain && bytes.starts(with: mark) ? bytes[3...] : bytes[...], as: UTF8.self)
    }

    private static func error(of parser: yaml_parser_t) -> YAMLError {
        let problem = parser.problem.map { String(cString: $0) } ?? "unknown problem"
        switch parser.error {
        case YAML_READER_ERROR: return .unreadable(problem: problem)
        case YAML_SCANNER_ERROR, YAML_PARSER_ERROR:
            return .syntax(
                problem: problem, context: parser.context.map { String(cString: $0) },
                line: mark(parser.problem_mark).line)
        default: return .outOfMemory
        }
    }

    private static func mark(_ mark: yaml_mark_t) -> YAMLNode.Mark {
        YAMLNode.Mark(line: Int(clamping: mark.line) + 1, column: Int(clamping: mark.column) + 1)
    }

    private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        pointer.map { String(decodingCString: $0, as: UTF8.self) }
    }
}

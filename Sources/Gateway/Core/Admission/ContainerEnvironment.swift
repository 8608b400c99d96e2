import JSON

/// The names of variables that are looked up in containers.
struct VariableNames {
    private let names: Set<ExactString>
    /// A bit for each name's length and first byte, so that most other names need no hash.
    private let filter: UInt64

    init(_ names: some Sequence<String>) {
        self.names = Set(names.map { ExactString($0) })
        filter = self.names.reduce(0) { filter, name in
            var text = name.string
            return filter | text.withUTF8(Self.bit)
        }
    }

    private static func bit(_ utf8: UnsafeBufferPointer<UInt8>) -> UInt64 {
        1 << ((UInt64(utf8.count) &* 31 &+ UInt64(utf8.first ?? 0)) & 63)
    }

    /// The name of an element of `env`, if it is one of these.
    func name(of variable: borrowing JSONElement) -> ExactString? {
        guard variable.withUTF8(of: "name", { filter & Self.bit($0) != 0 }) == true,
            let name = variable.string("name").map({ ExactString($0) })
        else { return nil }
        return names.contains(name) ? name : nil
    }
}

/// The variables of a container, as far as they have names that are looked up.
struct ContainerEnvironment {
    /// An element of `env`.
    struct Element {
        let index: Int
        /// The literal value; nil where it has `valueFrom`.
        let literal: String?
    }

    private var found: [ExactString: [Element]] = [:]

    init(_ variables: JSONNode?, of names: VariableNames) {
        variables?.forEachElement { variable in
            guard let name = names.name(of: variable) else { return }
            let isLiteral = variable.kind(of: "valueFrom") == .absent
            let literal = isLiteral ? variable.string("value") ?? "" : nil
            found[name, default: []].append(Element(index: variable.index, literal: literal))
        }
    }

    func hasVariable(_ name: String) -> Bool { found[ExactString(name)] != nil }

    /// The elements with the name. Of several, the last one is used.
    func elements(_ name: String) -> [Element] { found[ExactString(name)] ?? [] }

    /// The literal value of the variable; nil where there is none, or it has `valueFrom`.
    func literal(_ name: String) -> String? { elements(name).last?.literal }
}

import AWSXML

extension XMLElement {
    /// A request's body: an XML document whose elements are all in one namespace.
    func document(namespace: String) -> [UInt8] {
        var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        write(to: &text, attributes: " xmlns=\"\(namespace)\"")
        return Array(text.utf8)
    }

    /// The element with a line for each element, for people.
    var outline: String { lines(indentation: "").joined(separator: "\n") }

    /// An element with a text.
    static func text(_ name: String, _ text: String) -> XMLElement { XMLElement(name, text: text) }

    /// An element with children.
    static func tree(_ name: String, _ children: [XMLElement]) -> XMLElement { XMLElement(name, children: children) }

    /// A list as CloudFront writes it: `Quantity`, and `Items` unless it is empty.
    static func list(_ name: String, _ items: [XMLElement], more: [XMLElement] = []) -> XMLElement {
        tree(
            name, [text("Quantity", "\(items.count)")] + (items.isEmpty ? [] : [tree("Items", items)]) + more)
    }

    /// The same element with a child replaced, or appended where it has none of that name.
    func setting(_ child: XMLElement) -> XMLElement {
        var changed = children
        if let index = changed.firstIndex(where: { $0.name == child.name }) {
            changed[index] = child
        } else {
            changed.append(child)
        }
        return XMLElement(name, namespace: namespace, text: text, children: changed)
    }

    /// The same element without children of that name.
    func removing(_ name: String) -> XMLElement {
        XMLElement(self.name, namespace: namespace, text: text, children: children.filter { $0.name != name })
    }

    private func write(to document: inout String, attributes: String = "") {
        guard !children.isEmpty || !text.isEmpty else {
            document += "<\(name)\(attributes)/>"
            return
        }
        document += "<\(name)\(attributes)>" + XMLText.escape(text)
        for child in children { child.write(to: &document) }
        document += "</\(name)>"
    }

    private func lines(indentation: String) -> [String] {
        guard !children.isEmpty else { return ["\(indentation)\(name): \(text)"] }
        return ["\(indentation)\(name):"] + children.flatMap { $0.lines(indentation: indentation + "  ") }
    }
}

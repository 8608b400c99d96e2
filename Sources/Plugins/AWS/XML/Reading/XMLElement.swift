/// An element of an XML document, as far as responses of web services need it: without attributes, comments and processing
/// instructions.
package struct XMLElement: Sendable, Equatable {
    /// The local name, without a prefix.
    package let name: String
    /// The namespace's URI; nil for none.
    package let namespace: String?
    /// The element's own character data, joined, without white space at both ends.
    package internal(set) var text: String
    package internal(set) var children: [XMLElement]

    package init(_ name: String, namespace: String? = nil, text: String = "", children: [XMLElement] = []) {
        self.name = name
        self.namespace = namespace
        self.text = text
        self.children = children
    }

    /// Returns the first child of that name, in any namespace.
    package subscript(_ name: String) -> XMLElement? { children.first { $0.name == name } }
}

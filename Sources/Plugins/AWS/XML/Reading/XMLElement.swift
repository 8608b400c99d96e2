/// An element of an XML document, as far as a web service's reply needs it: no attributes, comments or instructions.
package struct XMLElement: Sendable, Equatable {
    /// Without its prefix.
    package let name: String
    /// The namespace's URI; nil where it is in none.
    package let namespace: String?
    /// Its own character data, joined, without the white space at both ends.
    package internal(set) var text: String
    package internal(set) var children: [XMLElement]

    package init(_ name: String, namespace: String? = nil, text: String = "", children: [XMLElement] = []) {
        self.name = name
        self.namespace = namespace
        self.text = text
        self.children = children
    }

    /// The first child of that name, in whatever namespace.
    package subscript(_ name: String) -> XMLElement? { children.first { $0.name == name } }
}

/// An element of an XML document, as far as a web service's reply needs it: no attributes, comments or instructions.
public struct XMLElement: Sendable, Equatable {
    /// Without its prefix.
    public let name: String
    /// The namespace's URI; nil where it is in none.
    public let namespace: String?
    /// Its own character data, joined, without the white space at both ends.
    public internal(set) var text: String
    public internal(set) var children: [XMLElement]

    public init(_ name: String, namespace: String? = nil, text: String = "", children: [XMLElement] = []) {
        self.name = name
        self.namespace = namespace
        self.text = text
        self.children = children
    }

    /// The first child of that name, in whatever namespace.
    public subscript(_ name: String) -> XMLElement? { children.first { $0.name == name } }
}

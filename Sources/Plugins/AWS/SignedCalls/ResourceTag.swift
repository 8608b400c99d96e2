import AWSXML

/// A tag of a resource.
struct ResourceTag: Sendable, Equatable {
    let key: String
    let value: String

    var element: XMLElement { .tree("Tag", [.text("Key", key), .text("Value", value)]) }

    init(_ key: String, _ value: String) {
        self.key = key
        self.value = value
    }

    /// Reads an element with `Key` and `Value`; nil where it has no key.
    init?(_ element: XMLElement) {
        guard let key = element["Key"]?.text else { return nil }
        self.init(key, element["Value"]?.text ?? "")
    }
}

extension [ResourceTag] {
    /// The value of the tag with that key.
    func value(_ key: String) -> String? { first { $0.key == key }?.value }
}

/// An LDAP search filter (RFC 4515): the condition of a rule.
///
///     (namespace=myns)
///     (&(namespace=a)(saname=b))
///     (&(cluster=production)(|(namespace=billing-*)(groups=system:serviceaccounts:shop))(!(saname=default)))
///
/// The whole grammar is supported. Differences from a directory server:
/// - Values are compared exactly, by Unicode scalars: case-sensitive, without trimming. Attribute names are
///   case-insensitive.
/// - `~=` is equal to `=` (RFC 4511 §4.5.1.7.6, servers without approximate matching).
/// - Extensible matches (`:=`) are not supported, since there are no matching rules.
/// - `**` is not supported; neither are `(&)` and `(|)` (RFC 4526), which are constant.
/// - A name may continue with a slash and a Kubernetes key, `name/example.com/key`, for labels and annotations.
/// - Spaces, tabs and line breaks, which RFC 4515 does not permit, are skipped where they cannot be part of a value: around
///   the filter, between filters, after an opening parenthesis and after `&`, `|` and `!`. Between `=` and `)` they belong
///   to the value; before `=` they are an error.
package struct SearchFilter: Sendable, Equatable, CustomStringConvertible {
    /// The maximum nesting of filters, including the outermost one and the comparison.
    package static let maximumDepth = 64
    /// The maximum length in UTF-8 bytes.
    package static let maximumLength = 16_384

    /// A part of the filter. The parser limits the depth, so that recursion is safe.
    indirect enum Node: Sendable, Equatable {
        case and([Node])
        case or([Node])
        case not(Node)
        case item(Attribute, Assertion)
    }

    enum Attribute: Sendable, Equatable {
        case known(WorkloadAttribute)
        /// A label or an annotation, which is read before the filter is evaluated.
        case metadata(MetadataAttribute)
        /// A name without an attribute.
        case unknown(String)

        init(named name: String) {
            self =
                WorkloadAttribute(named: name).map(Attribute.known)
                ?? MetadataAttribute(named: name).map(Attribute.metadata) ?? .unknown(name)
        }

        var name: String {
            switch self {
            case .known(let attribute): attribute.rawValue
            case .metadata(let attribute): attribute.name
            case .unknown(let name): name
            }
        }
    }

    enum Assertion: Sendable, Equatable {
        case present
        case equal(AssertionValue)
        case approximatelyEqual(AssertionValue)
        case atLeast(AssertionValue)
        case atMost(AssertionValue)
        case substring(SubstringAssertion)
    }

    let root: Node

    /// The filter in canonical form; parsing it returns an equal filter. Control characters are escaped, so that the text
    /// may be longer than ``maximumLength``.
    package var description: String { root.text }

    /// Names without an attribute, in the order of the filter, without duplicates. A comparison with one is undefined.
    package var unknownAttributes: [String] {
        var names: [String] = []
        root.forEachItem { attribute, _ in
            if case .unknown(let name) = attribute, !names.contains(name) { names.append(name) }
        }
        return names
    }
}

extension SearchFilter {
    /// Parses a filter.
    ///
    /// - Throws: the first error and its position.
    package init(parsing text: String) throws(SearchFilterError) {
        self.init(root: try SearchFilterParser.parse(text))
    }
}

extension SearchFilter.Node {
    var text: String {
        switch self {
        case .and(let parts): "(&\(parts.map(\.text).joined()))"
        case .or(let parts): "(|\(parts.map(\.text).joined()))"
        case .not(let part): "(!\(part.text))"
        case .item(let attribute, let assertion): "(\(attribute.name)\(assertion.text))"
        }
    }

    func forEachItem(_ body: (SearchFilter.Attribute, SearchFilter.Assertion) -> Void) {
        switch self {
        case .and(let parts), .or(let parts): for part in parts { part.forEachItem(body) }
        case .not(let part): part.forEachItem(body)
        case .item(let attribute, let assertion): body(attribute, assertion)
        }
    }
}

extension SearchFilter.Assertion {
    var text: String {
        switch self {
        case .present: "=*"
        case .equal(let value): "=\(value.filterText)"
        case .approximatelyEqual(let value): "~=\(value.filterText)"
        case .atLeast(let value): ">=\(value.filterText)"
        case .atMost(let value): "<=\(value.filterText)"
        case .substring(let parts): "=\(parts.filterText)"
        }
    }
}

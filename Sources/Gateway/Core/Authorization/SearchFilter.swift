/// An LDAP search filter (RFC 4515), with which a rule says who may have a token.
///
///     (namespace=myns)
///     (&(namespace=a)(saname=b))
///     (&(cluster=production)(|(namespace=billing-*)(groups=system:serviceaccounts:shop))(!(saname=default)))
///
/// The whole grammar is read. What differs from a directory server:
/// - Values are compared exactly, by Unicode scalars: no folding of case, no trimming of blanks. Names of attributes
///   are without case.
/// - `~=` is `=`, as RFC 4511 §4.5.1.7.6 has it for a server without approximate matching.
/// - An extensible match (`:=`) is refused, since it asks for matching rules that do not exist here.
/// - `**` is refused, and so are `(&)` and `(|)` (RFC 4526), which decide without looking at anybody.
/// - A name may go on with a slash and a Kubernetes key, `name/example.com/key`, as labels and annotations need it.
/// - Blanks, tabs and line ends, of which RFC 4515 knows none, are skipped where they cannot be part of a value: around
///   the whole, between filters, after an opening parenthesis and after `&`, `|` and `!`. Between `=` and `)` every
///   blank belongs to the value; before `=` it is refused.
package struct SearchFilter: Sendable, Equatable, CustomStringConvertible {
    /// Filters within filters, the outermost and the comparison among them.
    package static let maximumDepth = 64
    /// In UTF-8 bytes.
    package static let maximumLength = 16_384

    /// Bounded in depth by the parser, so that walking it needs no care for the stack.
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
        /// As written.
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

    /// The filter without anything that could be left out; parsing it yields an equal filter. Control characters are
    /// escaped in it, so that some thousands of them may bring it above ``maximumLength``.
    package var description: String { root.text }

    /// Names that are no attribute's, in the order of the filter, each once. A comparison with one is undefined.
    package var unknownAttributes: [String] {
        var names: [String] = []
        root.forEachItem { attribute, _ in
            if case .unknown(let name) = attribute, !names.contains(name) { names.append(name) }
        }
        return names
    }
}

extension SearchFilter {
    /// - Throws: what is wrong first, and where.
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

/// One of an endpoint's `azRules`: a condition that lets a ServiceAccount have the endpoint's tokens.
package struct AccessRule: Sendable, Equatable, CustomStringConvertible {
    package enum Scope: Sendable, Equatable {
        /// `filter`: whoever the filter is true for.
        case filter(SearchFilter)
        /// `group`: whoever is in this group, such as `system:serviceaccounts:myns`, compared exactly.
        case group(String)
        /// `dn` with `o=Tremolo`, the root of OpenUnison's directory: every ServiceAccount.
        case anyServiceAccount
    }

    package let scope: Scope

    /// Reads a rule as it is configured.
    ///
    /// - Parameter scope: `filter`, `group` or `dn`, without regard to case.
    /// - Throws: what is wrong with it; a filter that names what is no attribute is refused too.
    package init(scope: String, constraint: String) throws(AccessRuleError) {
        switch scope.lowercased() {
        case "filter": self.scope = .filter(try Self.filter(constraint))
        case "group":
            guard !constraint.allSatisfy(\.isWhitespace) else { throw .emptyGroup }
            self.scope = .group(constraint)
        case "dn":
            guard constraint.lowercased().filter({ !$0.isWhitespace }) == "o=tremolo" else {
                throw .unknownDistinguishedName(constraint)
            }
            self.scope = .anyServiceAccount
        default: throw .unknownScope(scope)
        }
    }

    /// A rule of a filter that may name what is no attribute, so as to see what comes of it.
    package init(_ filter: SearchFilter) { scope = .filter(filter) }

    private static func filter(_ text: String) throws(AccessRuleError) -> SearchFilter {
        let filter: SearchFilter
        do {
            filter = try SearchFilter(parsing: text)
        } catch {
            throw .malformedFilter(error)
        }
        let unknown = filter.unknownAttributes
        guard unknown.isEmpty else { throw .unknownAttributes(unknown) }
        return filter
    }

    package func evaluate(_ attributes: WorkloadAttributes) -> FilterResult {
        switch scope {
        case .filter(let filter): filter.evaluate(attributes)
        case .group(let group): FilterResult(attributes.contains(.groups) { $0.utf8.elementsEqual(group.utf8) })
        case .anyServiceAccount: .true
        }
    }

    /// Scope and constraint, as configured but in canonical form.
    package var description: String {
        switch scope {
        case .filter(let filter): "filter \(filter)"
        case .group(let group): "group \(group)"
        case .anyServiceAccount: "dn o=Tremolo"
        }
    }
}

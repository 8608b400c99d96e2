/// One of an endpoint's `azRules`: a condition that allows a ServiceAccount to get the endpoint's tokens.
package struct AccessRule: Sendable, Equatable, CustomStringConvertible {
    /// The kind of rule.
    package enum Scope: Sendable, Equatable {
        /// `filter`: ServiceAccounts for which the filter is true.
        case filter(SearchFilter)
        /// `group`: members of a group, such as `system:serviceaccounts:myns`, compared exactly.
        case group(String)
        /// `dn` with `o=Tremolo`, the root of OpenUnison's directory: every ServiceAccount.
        case anyServiceAccount
    }

    /// Whether a rule decides.
    package enum Mode: String, Sendable, CaseIterable {
        /// The rule allows.
        case enforce
        /// The rule is evaluated for the audit log only.
        case audit
    }

    package let scope: Scope
    package let mode: Mode
    /// Scope and constraint in canonical form. Each audit record of the rule has it.
    package let description: String

    /// Parses a configured rule.
    ///
    /// - Parameter scope: `filter`, `group` or `dn`, case-insensitive.
    /// - Throws: why the rule is not valid. A filter with an unknown attribute is not valid.
    package init(scope: String, constraint: String, mode: Mode = .enforce) throws(AccessRuleError) {
        self.mode = mode
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
        description = Self.text(self.scope)
    }

    /// Creates a rule of a filter that may have unknown attributes.
    package init(_ filter: SearchFilter) {
        scope = .filter(filter)
        mode = .enforce
        description = Self.text(scope)
    }

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

    /// Evaluates the rule.
    package func evaluate(_ attributes: WorkloadAttributes) -> FilterResult {
        switch scope {
        case .filter(let filter): filter.evaluate(attributes)
        case .group(let group): FilterResult(attributes.contains(.groups) { $0.utf8.elementsEqual(group.utf8) })
        case .anyServiceAccount: .true
        }
    }

    private static func text(_ scope: Scope) -> String {
        switch scope {
        case .filter(let filter): "filter \(filter)"
        case .group(let group): "group \(group)"
        case .anyServiceAccount: "dn o=Tremolo"
        }
    }
}

/// Why a text is not a valid filter, and the position of the error.
package struct SearchFilterError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The error.
    package enum Reason: Sendable, Equatable {
        case empty
        case tooLong
        case tooDeep
        /// A filter does not begin with a parenthesis.
        case missingOpeningParenthesis
        case missingClosingParenthesis
        /// A pair of parentheses that contains only another pair.
        case doubleParenthesis
        /// `&` or `|` without a filter.
        case emptyList(operator: String)
        /// `!` without a filter.
        case emptyNegation
        /// `!` before more than one filter.
        case severalNegated
        /// Text after the filter.
        case trailingText
        case missingAttribute
        case malformedAttribute(String)
        case missingOperator(attribute: String)
        /// `:=` with its attribute and its matching rule, both optional.
        case extensibleMatch(attribute: String?, rule: String?)
        /// An opening parenthesis in a value.
        case unescapedParenthesis
        case doubleWildcard
        /// A wildcard after an operator that does not support it.
        case unescapedWildcard(operator: String)
        case malformedEscape
        case unescapedNUL
        case notUTF8
    }

    /// The position of the error in Unicode scalars, from 1.
    package let position: Int
    package let reason: Reason

    package init(_ reason: Reason, at position: Int) {
        self.position = position
        self.reason = reason
    }

    package var description: String {
        switch reason {
        case .empty, .tooLong: text
        default: "character \(position): \(text)"
        }
    }

    private var text: String {
        switch reason {
        case .empty: "empty filter; expected one such as (namespace=myns)"
        case .tooLong: "the filter is longer than \(SearchFilter.maximumLength) bytes; split it into several rules"
        case .tooDeep: "filters are nested more than \(SearchFilter.maximumDepth) deep; use several rules"
        case .missingOpeningParenthesis:
            #"missing "("; every filter needs parentheses, such as (namespace=myns)"#
        case .missingClosingParenthesis: #"missing ")"; every "(" needs one"#
        case .doubleParenthesis:
            #""((" does not begin a filter; remove the outer parentheses, or combine several filters with "&" or "|""#
        case .emptyList(let name):
            #""\#(name)" without a filter; expected one or more, such as (\#(name)(namespace=a)(saname=b))"#
        case .emptyNegation: #""!" without a filter; expected one, such as (!(namespace=a))"#
        case .severalNegated: #""!" with several filters; expected (!(&…)) or (!(|…))"#
        case .trailingText: "text after the filter; combine several filters with (&…) or (|…)"
        case .missingAttribute: "missing attribute; expected one such as (namespace=myns)"
        case .malformedAttribute(let name):
            #"invalid attribute \#(name.debugDescription); expected a letter, then letters, digits and "-""#
        case .missingOperator(let attribute):
            #"missing operator; expected "=", ">=", "<=" or "~=" directly after "\#(attribute)""#
        case .extensibleMatch(let attribute, let rule):
            Self.extensibleMatchText(attribute: attribute, rule: rule)
        case .unescapedParenthesis:
            #""(" in a value; close the filter with ")" before it, or use \28 for the character"#
        case .doubleWildcard:
            #""**" is not supported; use "*", which matches any text"#
        case .unescapedWildcard(let name):
            #""*" is a wildcard after "=" only, not after "\#(name)"; use \2a for the character"#
        case .malformedEscape: #"invalid escape; expected two hexadecimal digits after "\", or \5c for the character"#
        case .unescapedNUL: #"a NUL character; use \00"#
        case .notUTF8: #"the escapes of this value are not UTF-8; use the character itself, or all of its bytes"#
        }
    }

    private static func extensibleMatchText(attribute: String?, rule: String?) -> String {
        let rule = rule.map { #" by the rule "\#($0)""# } ?? ""
        return #"":=", the extensible match\#(rule), is not supported; "#
            + "use (\(attribute ?? "namespace")=…), which compares exactly"
    }
}

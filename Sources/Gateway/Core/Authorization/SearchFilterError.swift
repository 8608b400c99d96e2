/// Why a text is no filter, and where it ceases to be one.
package struct SearchFilterError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Reason: Sendable, Equatable {
        case empty
        case tooLong
        case tooDeep
        /// A filter does not begin with a parenthesis.
        case missingOpeningParenthesis
        case missingClosingParenthesis
        /// A pair of parentheses that holds nothing but another.
        case doubleParenthesis
        /// `&` or `|` without a filter.
        case emptyList(operator: String)
        /// `!` without a filter.
        case emptyNegation
        /// `!` before more than one filter.
        case severalNegated
        /// Something follows the filter.
        case trailingText
        case missingAttribute
        case malformedAttribute(String)
        case missingOperator(attribute: String)
        /// `:=`, with its attribute and its matching rule where they are given.
        case extensibleMatch(attribute: String?, rule: String?)
        /// An opening parenthesis within a value.
        case unescapedParenthesis
        case doubleWildcard
        /// A wildcard where the operator knows none.
        case unescapedWildcard(operator: String)
        case malformedEscape
        case unescapedNUL
        case notUTF8
    }

    /// The character at which it is wrong, counted from 1 in Unicode scalars.
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
        case .empty: "the filter is empty; write one such as (namespace=myns)"
        case .tooLong: "the filter is longer than \(SearchFilter.maximumLength) bytes; split it into several rules"
        case .tooDeep: "filters stand within filters more than \(SearchFilter.maximumDepth) deep; write it flatter"
        case .missingOpeningParenthesis:
            #""(" is missing; every filter stands in parentheses of its own, such as (namespace=myns)"#
        case .missingClosingParenthesis: #"")" is missing; every "(" needs its own"#
        case .doubleParenthesis:
            #""((" holds no filter; leave out the outer parentheses, or begin with "&" or "|" to join several"#
        case .emptyList(let name):
            #""\#(name)" joins nothing; give it one filter or more, such as (\#(name)(namespace=a)(saname=b))"#
        case .emptyNegation: #""!" negates nothing; give it one filter, such as (!(namespace=a))"#
        case .severalNegated: #""!" takes one filter; write (!(&…)) or (!(|…)) for several"#
        case .trailingText: "the filter has ended before; join several with (&…) or (|…)"
        case .missingAttribute: "the name of an attribute is missing; write one such as (namespace=myns)"
        case .malformedAttribute(let name):
            #"\#(name.debugDescription) is no name of an attribute; a name is a letter, then letters, digits and "-""#
        case .missingOperator(let attribute):
            #"one of "=", ">=", "<=" and "~=" must follow "\#(attribute)" directly"#
        case .extensibleMatch(let attribute, let rule):
            Self.extensibleMatchText(attribute: attribute, rule: rule)
        case .unescapedParenthesis:
            #""(" within a value; close the filter before with ")", or write \28 for the character"#
        case .doubleWildcard:
            #""**" has nothing between its wildcards; "*" is the only wildcard and stands for any text"#
        case .unescapedWildcard(let name):
            #""*" is a wildcard after "=" only, not after "\#(name)"; write \2a for the character"#
        case .malformedEscape: #""\" must be followed by two hexadecimal digits; write \5c for the character itself"#
        case .unescapedNUL: #"a NUL character; write \00 for it"#
        case .notUTF8: #"the escapes of this value are not UTF-8; write the character itself, or all of its bytes"#
        }
    }

    private static func extensibleMatchText(attribute: String?, rule: String?) -> String {
        let rule = rule.map { #" by the rule "\#($0)""# } ?? ""
        return #"":=" asks for an extensible match\#(rule), of which there is none; "#
            + "write (\(attribute ?? "namespace")=…), which compares exactly"
    }
}

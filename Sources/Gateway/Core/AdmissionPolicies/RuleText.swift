import GatewayPluginAPI
import JSON

/// A text of a Pod as a list of literal and computed parts, so that literals are escaped once, when the policy is made.
struct RuleText {
    enum Part {
        case literal(String)
        /// A string expression.
        case computed(String)
        /// A string expression of letters, digits, `-` and `.` only.
        case name(String)

        var expression: String {
            switch self {
            case .literal(let text): CEL.text(text)
            case .computed(let expression), .name(let expression): expression
            }
        }
    }

    var parts: [Part]

    init(_ parts: [Part]) { self.parts = parts }
    init(literal: String) { parts = [.literal(literal)] }

    /// - Parameters:
    ///   - annotation: the expression of the annotation, empty where the Pod has none.
    ///   - option: the expression of an option, empty where the Pod has none.
    init(_ text: InjectionRules.Text, of endpoint: String, annotation: String, option: (String) -> String) {
        func computed(_ text: InjectionRules.Text) -> String {
            RuleText(text, of: endpoint, annotation: annotation, option: option).expression()
        }
        switch text {
        case .literal(let literal): parts = [.literal(literal)]
        case .annotation: parts = [.computed(annotation)]
        case .option(let name): parts = [.computed(option(name))]
        case .tokenFile: parts = [.literal(InjectedNames.tokenFile(endpoint))]
        case .namespace: parts = [.name("request.namespace")]
        case .serviceAccountName: parts = [.name("variables.serviceAccount")]
        case .joined(let texts):
            parts = texts.flatMap { RuleText($0, of: endpoint, annotation: annotation, option: option).parts }
        case .lowercased(let text): parts = [.computed("\(computed(text)).lowerAscii()")]
        case .prefix(let text, let length):
            let whole = computed(text)
            let cut = "(\(whole).size() > \(length) ? \(whole).substring(0, \(length)) : \(whole))"
            let isName = RuleText(text, of: endpoint, annotation: annotation, option: option).isOfNames
            parts = [isName ? .name(cut) : .computed(cut)]
        case .ifAnnotated(let one, let other):
            parts = [.computed("(\(annotation) != '' ? \(computed(one)) : \(computed(other)))")]
        case .ifOption(let name, let one, let other):
            parts = [.computed("(\(option(name)) != '' ? \(computed(one)) : \(computed(other)))")]
        }
    }

    /// The string expression.
    func expression() -> String {
        CEL.joined(parts.map(\.expression))
    }

    /// Whether no part may have a character that needs escaping, apart from literals.
    var isOfNames: Bool { parts.allSatisfy { if case .computed = $0 { false } else { true } } }

    /// The text with each part escaped.
    func escaped(_ literal: (String) -> String, _ computed: (String) -> String) -> RuleText {
        RuleText(
            parts.map { part in
                switch part {
                case .literal(let text): .literal(literal(text))
                case .computed(let expression): .computed(computed(expression))
                case .name: part
                }
            })
    }

    /// The inner part of a JSON string.
    var json: RuleText {
        escaped({ String(JSONValue.string($0).text.dropFirst().dropLast()) }, { CEL.escapedJSON($0) })
    }
}

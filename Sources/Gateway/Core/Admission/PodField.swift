import JSON

/// A field of a Pod with its path, so that a value of the wrong type is refused by its name. A field that is null is
/// taken as one that is not there, as the API server does.
struct PodField {
    /// Such as `spec.containers[0].env`. It is put into words for a refusal only: a large Pod has thousands of fields.
    private indirect enum Path: CustomStringConvertible {
        case pod
        case member(Path, String)
        case element(Path, Int)
        /// A label or an annotation.
        case entry(Path, String)

        var description: String {
            switch self {
            case .pod: ""
            case .member(.pod, let name): name
            case .member(let parent, let name): "\(parent).\(name)"
            case .element(let parent, let index): "\(parent)[\(index)]"
            case .entry(let parent, let key): "\(parent)[\(PodQuotation.of(key))]"
            }
        }
    }

    /// nil where it is not there.
    let value: JSONValue?
    private let path: Path

    /// The Pod itself.
    init(_ pod: JSONValue) { self.init(pod, .pod) }

    private init(_ value: JSONValue?, _ path: Path) {
        if case .null = value { self.value = nil } else { self.value = value }
        self.path = path
    }

    private func refusal(_ wanted: String) -> AdmissionDenial {
        let path = path.description
        return AdmissionDenial(
            .badRequest, "\(path.isEmpty ? "the Pod" : path) is not \(wanted); write it as the API has it")
    }

    func member(_ name: String) throws(AdmissionDenial) -> PodField {
        guard let value else { return PodField(nil, .member(path, name)) }
        guard case .object = value else { throw refusal("an object") }
        return PodField(value[name], .member(path, name))
    }

    /// The object that has to be there.
    func requiredMember(_ name: String) throws(AdmissionDenial) -> PodField {
        let member = try member(name)
        guard case .object = member.value else { throw member.refusal("an object") }
        return member
    }

    func text() throws(AdmissionDenial) -> String? {
        guard let value else { return nil }
        guard case .string(let text) = value else { throw refusal("a string") }
        return text
    }

    func requiredText() throws(AdmissionDenial) -> String {
        guard let text = try text(), !text.isEmpty else { throw refusal("there, or empty") }
        return text
    }

    func flag() throws(AdmissionDenial) -> Bool? {
        guard let value else { return nil }
        guard case .bool(let flag) = value else { throw refusal("true or false") }
        return flag
    }

    func integer() throws(AdmissionDenial) -> Int? {
        guard let value else { return nil }
        guard case .integer(let number) = value else { throw refusal("an integer") }
        return number
    }

    /// nil where it is not there, which an empty list is.
    func elements() throws(AdmissionDenial) -> [PodField]? {
        guard let value else { return nil }
        guard case .array(let elements) = value else { throw refusal("a list") }
        return elements.enumerated().map { PodField($1, .element(path, $0)) }
    }

    /// Labels, annotations, a selector.
    func texts() throws(AdmissionDenial) -> [String: String] {
        guard let value else { return [:] }
        guard case .object(let members) = value else { throw refusal("an object") }
        var texts: [String: String] = [:]
        for member in members where member.value != .null {
            texts[member.name] = try PodField(member.value, .entry(path, member.name)).text()
        }
        return texts
    }
}

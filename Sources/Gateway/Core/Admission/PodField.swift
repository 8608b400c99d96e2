import JOSE

/// A field of a Pod with its path, so that a value of the wrong type is refused by its name. A field that is null is
/// taken as one that is not there, as the API server does.
struct PodField {
    /// nil where it is not there.
    let value: JSONValue?
    /// Such as `spec.containers[0].env`; empty for the Pod.
    let path: String

    init(_ value: JSONValue?, path: String) {
        self.value = value == .null ? nil : value
        self.path = path
    }

    private func refusal(_ wanted: String) -> AdmissionDenial {
        AdmissionDenial(.badRequest, "\(path.isEmpty ? "the Pod" : path) is not \(wanted); write it as the API has it")
    }

    func member(_ name: String) throws(AdmissionDenial) -> PodField {
        guard let value else { return PodField(nil, path: path(name)) }
        guard case .object = value else { throw refusal("an object") }
        return PodField(value[name], path: path(name))
    }

    /// The object that has to be there.
    func requiredMember(_ name: String) throws(AdmissionDenial) -> PodField {
        let member = try member(name)
        guard case .object = member.value else { throw member.refusal("an object") }
        return member
    }

    private func path(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

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
        return elements.enumerated().map { PodField($1, path: "\(path)[\($0)]") }
    }

    /// Labels, annotations, a selector.
    func texts() throws(AdmissionDenial) -> [String: String] {
        guard let value else { return [:] }
        guard case .object(let members) = value else { throw refusal("an object") }
        var texts: [String: String] = [:]
        for member in members where member.value != .null {
            texts[member.name] = try PodField(member.value, path: "\(path)[\(PodQuotation.of(member.name))]").text()
        }
        return texts
    }
}

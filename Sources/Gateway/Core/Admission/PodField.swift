import JSON

/// A field of a Pod with its path, which errors contain. A field with the value null is absent, as in the API server.
struct PodField {
    /// Such as `spec.containers[0].env`.
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

    /// nil where the field is absent.
    let value: JSONValue?
    /// nil where paths are not recorded.
    private let path: Path?

    /// Reads a Pod. A large one has thousands of fields, so their paths are recorded only when it is read again for an
    /// error.
    static func reading<Content>(
        _ pod: JSONValue, _ read: (PodField) throws(AdmissionDenial) -> Content
    ) throws(AdmissionDenial) -> Content {
        do throws(AdmissionDenial) {
            return try read(PodField(pod, nil))
        } catch {
            return try read(PodField(pod, .pod))
        }
    }

    private init(_ value: JSONValue?, _ path: Path?) {
        if case .null = value { self.value = nil } else { self.value = value }
        self.path = path
    }

    private func denial(expected: String) -> AdmissionDenial {
        let path = path?.description ?? ""
        return AdmissionDenial(.badRequest, "\(path.isEmpty ? "the Pod" : path): invalid value; expected \(expected)")
    }

    func member(_ name: String) throws(AdmissionDenial) -> PodField {
        let path = path.map { Path.member($0, name) }
        guard let value else { return PodField(nil, path) }
        guard case .object = value else { throw denial(expected: "an object") }
        return PodField(value[name], path)
    }

    /// A member that must be an object.
    func requiredMember(_ name: String) throws(AdmissionDenial) -> PodField {
        let member = try member(name)
        guard case .object = member.value else { throw member.denial(expected: "an object") }
        return member
    }

    func text() throws(AdmissionDenial) -> String? {
        guard let value else { return nil }
        guard case .string(let text) = value else { throw denial(expected: "a string") }
        return text
    }

    func requiredText() throws(AdmissionDenial) -> String {
        guard let text = try text(), !text.isEmpty else { throw denial(expected: "a string that is not empty") }
        return text
    }

    func flag() throws(AdmissionDenial) -> Bool? {
        guard let value else { return nil }
        guard case .bool(let flag) = value else { throw denial(expected: "true or false") }
        return flag
    }

    func integer() throws(AdmissionDenial) -> Int? {
        guard let value else { return nil }
        guard case .integer(let number) = value else { throw denial(expected: "an integer") }
        return number
    }

    /// The elements of a list; nil where the field is absent. An empty list is not absent.
    func elements() throws(AdmissionDenial) -> [PodField]? {
        guard let value else { return nil }
        guard case .array(let elements) = value else { throw denial(expected: "a list") }
        guard let path else { return elements.map { PodField($0, nil) } }
        return elements.enumerated().map { PodField($1, .element(path, $0)) }
    }

    /// A map of strings: labels, annotations or a selector.
    func texts() throws(AdmissionDenial) -> [String: String] {
        guard let value else { return [:] }
        guard case .object(let members) = value else { throw denial(expected: "an object") }
        var texts: [String: String] = [:]
        for member in members {
            let field = PodField(member.value, path.map { .entry($0, member.name) })
            if let text = try field.text() { texts[member.name] = text }
        }
        return texts
    }
}

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
    let value: JSONNode?
    /// nil where paths are not recorded.
    private let path: Path?

    /// Reads a Pod. A large one has thousands of fields, so their paths are recorded only when it is read again for an
    /// error.
    static func reading<Content>(
        _ pod: JSONNode, _ read: (PodField) throws(AdmissionDenial) -> Content
    ) throws(AdmissionDenial) -> Content {
        do throws(AdmissionDenial) {
            return try read(PodField(pod, nil))
        } catch {
            return try read(PodField(pod, .pod))
        }
    }

    private init(_ value: JSONNode?, _ path: Path?) {
        self.value = value?.isNull == true ? nil : value
        self.path = path
    }

    func denial(expected: String) -> AdmissionDenial {
        let path = path?.description ?? ""
        return AdmissionDenial(.badRequest, "\(path.isEmpty ? "the Pod" : path): invalid value; expected \(expected)")
    }

    func member(_ name: String) throws(AdmissionDenial) -> PodField {
        let path = path.map { Path.member($0, name) }
        guard let value else { return PodField(nil, path) }
        guard value.isObject else { throw denial(expected: "an object") }
        return PodField(value[name], path)
    }

    /// A member that must be an object.
    func requiredMember(_ name: String) throws(AdmissionDenial) -> PodField {
        let member = try member(name)
        guard member.value?.isObject == true else { throw member.denial(expected: "an object") }
        return member
    }

    func text() throws(AdmissionDenial) -> String? {
        guard let value else { return nil }
        guard let text = value.stringValue else { throw denial(expected: "a string") }
        return text
    }

    /// Checks that the field is a string or absent, without reading it.
    func checkText() throws(AdmissionDenial) {
        if let value, !value.isString { throw denial(expected: "a string") }
    }

    func requiredText() throws(AdmissionDenial) -> String {
        guard let text = try text(), !text.isEmpty else { throw denial(expected: "a string that is not empty") }
        return text
    }

    func flag() throws(AdmissionDenial) -> Bool? {
        guard let value else { return nil }
        guard let flag = value.boolValue else { throw denial(expected: "true or false") }
        return flag
    }

    func integer() throws(AdmissionDenial) -> Int? {
        guard let value else { return nil }
        guard let number = value.integerValue else { throw denial(expected: "an integer") }
        return number
    }

    /// The elements of a list; nil where the field is absent. An empty list is not absent.
    func elements() throws(AdmissionDenial) -> [PodField]? {
        guard let value else { return nil }
        guard let elements = value.elementList else { throw denial(expected: "a list") }
        guard let path else { return elements.map { PodField($0, nil) } }
        return elements.enumerated().map { PodField($1, .element(path, $0)) }
    }

    /// What a member of an element must be.
    enum Rule {
        /// A string that is not empty.
        case requiredText(StaticString)
        case text(StaticString)
        case flag(StaticString)

        private var name: StaticString {
            switch self {
            case .requiredText(let name), .text(let name), .flag(let name): name
            }
        }

        /// What is expected in place of the element's member; nil where the member is what it must be.
        fileprivate func expectation(_ element: borrowing JSONElement) -> String? {
            switch (self, element.kind(of: name)) {
            case (.requiredText, .string), (.text, .string), (.text, .emptyString), (.text, .absent), (.flag, .bool),
                (.flag, .absent):
                nil
            case (.requiredText, .emptyString), (.requiredText, .absent): "a string that is not empty"
            case (.requiredText, _), (.text, _): "a string"
            case (.flag, _): "true or false"
            }
        }

        fileprivate func field(of element: PodField) -> PodField {
            PodField(nil, element.path.map { .member($0, "\(name)") })
        }
    }

    /// Checks the elements of a list, of which there may be thousands, without a field for each.
    ///
    /// - Returns: whether the list exists.
    func checkElements(_ rules: Rule...) throws(AdmissionDenial) -> Bool {
        guard let value else { return false }
        guard value.isArray else { throw denial(expected: "a list") }
        var mismatch: (index: Int, rule: Rule?, expected: String)?
        value.forEachElement { element in
            guard mismatch == nil else { return }
            guard element.isObject || element.isNull else {
                mismatch = (element.index, nil, "an object")
                return
            }
            for rule in rules {
                guard let expected = rule.expectation(element) else { continue }
                mismatch = (element.index, rule, expected)
                return
            }
        }
        guard let mismatch else { return true }
        let element = PodField(nil, path.map { .element($0, mismatch.index) })
        throw (mismatch.rule?.field(of: element) ?? element).denial(expected: mismatch.expected)
    }

    /// A map of strings: labels, annotations or a selector.
    func texts() throws(AdmissionDenial) -> PodTexts {
        guard let value else { return PodTexts() }
        guard value.isObject else { throw denial(expected: "an object") }
        var nodes: [String: JSONNode] = [:]
        for member in value.members {
            let field = PodField(member.node, path.map { .entry($0, member.name) })
            try field.checkText()
            nodes[member.name] = field.value
        }
        return PodTexts(nodes)
    }
}

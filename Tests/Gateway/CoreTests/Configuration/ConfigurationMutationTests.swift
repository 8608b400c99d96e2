import GatewayCore
import GatewayTestSupport
import JSON
import Testing

@Suite("A configuration with one value of another shape")
struct ConfigurationMutationTests {
    private static let document = ExampleDocument.document(
        [
            "cluster": "prod", "listeners": ["tokens": "[::]:443"],
            "tls": ["certificates": [["certificate": "a.pem", "key": "b.pem"]]],
            "review": ["offline": ["jwks": "keys.json", "issuer": "i"]], "keyStore": ["directory": "keys"],
            "injection": ["position": ["after": "proxy"], "sidecar": ["mode": "auto"]], "limits": ["bodyBytes": 2_048],
            "log": ["level": "info"],
        ],
        endpoints: [
            ExampleDocument.endpoint([
                "audience": ["https://example.com"], "path": "/a", "injector": ["label": "a"],
                "subjectToken": ["audiences": ["a"], "requirePod": true], "additionalAttributes": ["groups"],
                "token": ["ttl": "2h", "subject": "{namespace}/{saname}", "claims": ["a": ["attribute": "uid"]]],
                "rotation": ["every": "7d"], "settings": ["greeting": "hello"],
                "publish": ["probe": ["enabled": true, "connectTo": "127.0.0.1:443", "interval": "1m"]],
            ])
        ])

    private static let others: [JSONValue] = [.null, "", "x", "\u{1F600}\u{0}", -1, [], [[]], [:], ["x": ["y": .null]]]

    /// Every document with one of its values replaced.
    private func mutations(_ value: JSONValue) -> [JSONValue] {
        let inner: [JSONValue]
        switch value {
        case .object(let members):
            inner = members.indices.flatMap { index in
                mutations(members[index].value).map { mutated in
                    var members = members
                    members[index] = .init(members[index].name, mutated)
                    return .object(members)
                }
            }
        case .array(let values):
            inner = values.indices.flatMap { index in
                mutations(values[index]).map { mutated in
                    var values = values
                    values[index] = mutated
                    return .array(values)
                }
            }
        default: inner = []
        }
        return Self.others + inner
    }

    @Test("is valid, or has an error with its location")
    func mutations() {
        #expect(ExampleDocument.load(Self.document).configuration != nil)
        for document in mutations(Self.document) {
            let (configuration, problems) = ExampleDocument.load(document)
            let errors = problems.filter { $0.hasPrefix("error: ") }
            #expect((configuration == nil) == !errors.isEmpty, "\(document.text)")
            for error in errors { #expect(!error.contains("\u{0}"), "\(error)") }
        }
    }
}

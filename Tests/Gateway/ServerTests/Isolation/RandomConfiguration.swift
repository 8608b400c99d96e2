import GatewayTestSupport
import JSON

/// Random `gateway.yaml` documents, the same for the same seed. Their endpoints have few paths, hosts and labels to choose
/// from, so that many of them share a part or are nested in one another.
struct RandomConfiguration {
    private static let paths = [
        "/a", "/a/b", "/a/b/c", "/b", "/A", "/a-b", "/a/token", "/a/certs/b", "/b/sig-cert", "/token", "/metrics/a",
        "/issuer-docs/a", "/c",
    ]
    private static let hosts = ["one.example.com", "ONE.example.com", "two.example.com", "three.example.com"]
    private static let issuerPaths = ["", "/a", "/A", "/a/b", "/b", "/certs", "/certs/a", "/a/certs", "/b/token"]

    private var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    mutating func document() -> JSONValue {
        let endpoints = (0..<Int.random(in: 2...5, using: &random)).map { endpoint($0) }
        return [
            "cluster": "test",
            "injection": [
                "prefix": "tremolo.io", "gatewayURL": "https://sts-gateway.test.svc:8443",
                "sidecar": [
                    "image": "example.com/sts-sidecar:1", "mode": .string(random.oneIn(2) ? "native" : "classic"),
                ],
            ],
            "sts": ["endpoints": .array(endpoints)],
        ]
    }

    private mutating func endpoint(_ number: Int) -> JSONValue {
        let number = random.oneIn(20) ? 0 : number
        var publish: JSONValue = [:]
        if random.oneIn(3) { publish = ["shelf": .string(pick(["x", "y", "z"]))] }
        return [
            "name": .string("endpoint-\(number)"), "plugin": "example", "audience": "https://example.com",
            "path": .string(pick(Self.paths)),
            "issuer": ["host": .string(pick(Self.hosts)), "path": .string(pick(Self.issuerPaths))],
            "azRules": [["scope": "filter", "constraint": "(namespace=default)"]],
            "subjectToken": ["audiences": ["sts-gateway.test.svc"]],
            "token": ["algorithm": .string(pick(["ES256", "ES384"]))],
            "publish": publish,
            "injector": [
                "label": .string("label-\(Int.random(in: 0...5, using: &random))"),
                "token_environment_variable_name": .string("TOKEN_\(number)"),
                "label_value_environment_variable_name": .string("ROLE_\(number)"),
            ],
        ]
    }

    private mutating func pick(_ texts: [String]) -> String { texts.randomElement(using: &random) ?? "" }
}

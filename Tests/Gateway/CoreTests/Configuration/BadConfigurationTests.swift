import GatewayCore
import GatewayTestSupport
import JOSE
import JSON
import Testing

@Suite("An invalid configuration")
struct BadConfigurationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let document: JSONValue
        let problems: [String]
        var testDescription: String { problems.first ?? "" }

        init(_ changes: KeyValuePairs<String, JSONValue>, _ problems: String...) {
            document = ExampleDocument.document(changes)
            self.problems = problems.map { "error: \($0)" }
        }

        init(endpoint changes: KeyValuePairs<String, JSONValue>, _ problems: String...) {
            document = ExampleDocument.document(endpoints: [ExampleDocument.endpoint(changes)])
            self.problems = problems.map { "error: sts.endpoints[0].\($0)" }
        }
    }

    static let gatewayCases: [Case] = [
        Case(["sts": .null], "sts.endpoints: missing required key; expected a list"),
        Case(["sts": ["endpoints": "one"]], #"sts.endpoints: invalid value "one"; expected a list"#),
        Case(
            ["sts": "x"], #"sts: invalid value "x"; expected a mapping"#,
            "sts.endpoints: missing required key; expected a list"),
        Case(["key_store": [:]], #"key_store: unknown key "key_store"; did you mean "keyStore"?"#),
        Case(
            ["colour": "red"],
            #"colour: unknown key "colour"; expected cluster, k8s_cluster_name, listeners, tls, review, keyStore, injection, limits, audit, log, status or sts"#
        ),
        Case(["audit": ["file": "x"]], #"audit.file: unknown key "file"; expected events"#),
        Case(
            ["cluster": ["a"]], #"cluster: invalid value (a list); expected 1 to 63 letters, digits, ".", "_" and "-""#),
        Case(
            ["cluster": "a b"],
            #"cluster: invalid value "a b"; expected 1 to 63 letters, digits, ".", "_" and "-""#),
        Case(
            ["cluster": "a\nb"],
            "cluster: invalid value \"a\u{FFFD}b\"; expected 1 to 63 letters, digits, \".\", \"_\" and \"-\""),
        Case(
            ["listeners": ["tokens": "8443"]],
            #"listeners.tokens: invalid value "8443"; expected ADDRESS:PORT, such as 0.0.0.0:8443 or [::]:8443"#),
        Case(
            ["listeners": ["admin": "0.0.0.0:8443"]],
            #"listeners.admin: duplicate of listeners.tokens ("0.0.0.0:8443"); use a different port"#),
        Case(
            ["tls": ["certificates": [["certificate": "a.pem"]]]],
            "tls.certificates[0].key: missing required key; expected a path"),
        Case(["review": ["kind": "online"]], #"review.kind: invalid value "online"; expected kubernetes or offline"#),
        Case(
            ["review": ["kind": "offline"]],
            "review.jwks: missing required key; expected a file or an https URL (http on loopback only)",
            "review.issuer: missing required key; expected a single-line string"),
        Case(
            ["review": ["offline": ["jwks": "http://example.com/keys", "issuer": "i"]]],
            #"review.offline.jwks: invalid value "http://example.com/keys"; expected a file or an https URL (http on loopback only)"#
        ),
        Case(
            ["review": ["kind": "kubernetes", "jwks": "a"]],
            "review.jwks: not supported with kind: kubernetes; set kind: offline or remove the key"),
        Case(
            ["review": ["offline": ["jwks": "a", "issuer": "i"], "kubeconfig": "c"]],
            "review.kubeconfig: not supported with kind: offline; remove it"),
        Case(["keyStore": ["kind": "directory"]], "keyStore.directory: missing required key; expected a path"),
        Case(
            ["keyStore": ["kind": "kubernetes", "directory": "keys"]],
            "keyStore.directory: not supported with kind: kubernetes; set kind: directory or remove the key"),
        Case(
            ["keyStore": ["path": "a", "directory": "b"]],
            "keyStore.path: duplicate of keyStore.directory; remove one of them"),
        Case(
            ["injection": ["position": "middle"]],
            #"injection.position: invalid value "middle"; expected first, last or {after: CONTAINER}"#),
        Case(
            ["injection": ["gatewayURL": "http://a"]],
            #"injection.gatewayURL: invalid value "http://a"; expected an https URL"#),
        Case(
            [
                "injection": [
                    "sidecar": ["tokenMode": "0666", "resources": ["limits": ["memory": "32 MiB"]]],
                    "subjectTokenLifetime": "5m", "webhook": ["service": "Gateway", "concurrency": 0],
                ]
            ],
            #"injection.sidecar.tokenMode: invalid value "0666"; expected an octal file mode, readable by the owner and "#
                + #"writable by nobody else, such as "0644" or "0440""#,
            #"injection.sidecar.resources.limits.memory: invalid value "32 MiB"; expected a Kubernetes quantity, such as 5m or 32Mi"#,
            #"injection.subjectTokenLifetime: invalid value "5m"; expected a duration from 10m to 24h"#,
            #"injection.webhook.service: invalid value "Gateway"; expected 1 to 63 lowercase letters, digits and "-", no "-" at either end"#,
            #"injection.webhook.concurrency: invalid value "0"; expected an integer from 1 to 10000"#),
        Case(["tls": ["names": ["a_b"]]], #"tls.names[0]: invalid value "a_b"; expected a DNS name"#),
        Case(
            ["limits": ["bodyBytes": 10, "readTimeout": "1d", "connections": "many"]],
            #"limits.bodyBytes: invalid value "10"; expected an integer from 1024 to 4194304"#,
            #"limits.readTimeout: invalid value "1d"; expected a duration from 1s to 10m"#,
            #"limits.connections: invalid value "many"; expected an integer from 1 to 1000000"#),
        Case(
            ["limits": ["drainDelay": "30s", "shutdownTimeout": "30s"]],
            #"limits.shutdownTimeout: invalid value "30s"; expected more than limits.drainDelay (30s)"#),
        Case(
            ["log": ["level": "loud"]],
            #"log.level: invalid value "loud"; expected debug, info, notice, warning or error"#),
    ]

    static let endpointCases: [Case] = [
        Case(endpoint: ["audiance": "x"], #"audiance: unknown key "audiance"; did you mean "audience"?"#),
        Case(
            endpoint: ["name": .null, "plugin": "example"],
            #"name: missing required key; expected 1 to 63 lowercase letters, digits and "-", no "-" at either end"#),
        Case(
            endpoint: ["name": "A", "plugin": "example"],
            #"name: invalid value "A"; expected 1 to 63 lowercase letters, digits and "-", no "-" at either end"#),
        Case(endpoint: ["plugin": "exmaple"], #"plugin: unknown plugin "exmaple"; expected example"#),
        Case(
            endpoint: ["name": "other"],
            "plugin: missing required key, as neither name nor audience identifies the plugin; expected example"),
        Case(endpoint: ["audience": ["a", "a"]], #"audience[1]: duplicate value "a"; remove it"#),
        Case(endpoint: ["audience": []], "audience: empty list; expected a string or a list of strings"),
        Case(
            endpoint: ["path": "dev"],
            #"path: invalid value "dev"; expected 1 to 4 segments of lowercase letters, digits and "-", such as /dev"#
        ),
        Case(endpoint: ["path": "/k8s/x"], #"path: "/k8s" is reserved for the gateway; use a different path"#),
        Case(
            endpoint: ["issuer": .null],
            "issuer.host: missing required key; expected a DNS name without scheme, port or path"),
        Case(
            endpoint: ["issuer": ["host": ""]],
            "issuer.host: missing required key; expected a DNS name without scheme, port or path"),
        Case(
            endpoint: ["issuer": ["host": "https://example.com"]],
            #"issuer.host: invalid value "https://example.com"; expected a DNS name without scheme, port or path"#),
        Case(
            endpoint: ["issuer": ["host": "example.com", "path": "/dev/"]],
            #"issuer.path: invalid value "/dev/"; expected a path such as /dev: "/" before each segment, and in segments letters, digits, ".", "_", "~" and "-""#
        ),
        Case(
            endpoint: ["issuer": ["host": "example.com", "keypair": "A B"]],
            #"issuer.keypair: invalid value "A B"; expected the name of a Secret"#),
        Case(
            endpoint: ["azRules": [["scope": "ldap", "constraint": "x"], ["scope": "group", "constraint": " "]]],
            "azRules[0].scope: \(AccessRuleError.unknownScope("ldap"))",
            "azRules[1].constraint: \(AccessRuleError.emptyGroup)"),
        Case(
            endpoint: ["azRules": [["scope": "filter"]]],
            "azRules[0].constraint: missing required key; expected a constraint, such as (namespace=myns)"),
        Case(
            endpoint: ["injector": ["label": "tremolo.io/role", "token_environment_variable_name": "1A"]],
            #"injector.label: invalid value "tremolo.io/role"; expected a label name without prefix and "/""#,
            #"injector.token_environment_variable_name: invalid value "1A"; expected letters, digits and "_", not beginning with a digit"#
        ),
        Case(
            endpoint: ["injector": ["token_environment_variable_name": "EXAMPLE_ROLE"]],
            #"injector.label_value_environment_variable_name: duplicate of sts.endpoints[0].injector.token_environment_variable_name ("EXAMPLE_ROLE"); use a different variable"#
        ),
        Case(
            endpoint: ["subjectToken": ["requirePod": "yes"]],
            #"subjectToken.requirePod: invalid value "yes"; expected true or false"#),
        Case(
            endpoint: ["token": ["ttl": "5s"]], #"token.ttl: invalid value "5s"; expected a duration from 60s to 24h"#),
        Case(
            endpoint: ["token": ["ttl": "soon"]],
            #"token.ttl: invalid value "soon"; expected a duration from 60s to 24h"#),
        Case(
            endpoint: ["token": ["algorithm": "HS256"]],
            #"token.algorithm: invalid value "HS256"; expected RS256, RS384, RS512, ES256, ES384 or ES512"#),
        Case(
            endpoint: ["token": ["keySize": 2_049]],
            #"token.keySize: invalid value "2049"; expected a multiple of 8 from 2048 to 4096"#),
        Case(
            endpoint: ["token": ["subject": "{cluster}:{namespace}"]],
            #"token.subject: "{cluster}:{namespace}" maps several ServiceAccounts to one subject; add {saname} or set allowSharedSubject: true"#
        ),
        Case(
            endpoint: ["token": ["subject": "{namespace}-{saname}"]],
            #"token.subject: "{namespace}-{saname}" can map two ServiceAccounts to one subject, as names contain letters, digits, ".", "_" and "-"; separate the placeholders by ":" or "/", or set allowSharedSubject: true"#
        ),
        Case(
            endpoint: ["token": ["subject": "sts-gateway:{namespace}:{saname}"]],
            #"token.subject: invalid value "sts-gateway:{namespace}:{saname}": sts-gateway: is reserved for the gateway; use a different prefix"#
        ),
        Case(
            endpoint: ["token": ["claims": ["sub": "x", "team": ["attribute": "pod-nam"], "none": .null]]],
            "token.claims.sub: reserved claim, which the gateway sets; use a different name",
            #"token.claims.team.attribute: unknown attribute "pod-nam"; did you mean "pod-name"?"#,
            "token.claims.none: missing value; expected any value or {attribute: NAME}"),
        Case(
            endpoint: ["additionalAttributes": ["groups"], "token": ["claims": ["groups": "x"]]],
            #"token.claims: duplicate of additionalAttributes ("groups"); remove one of them"#),
        Case(
            endpoint: ["rotation": ["every": "2h"]],
            "rotation.every: not longer than propagation (2h), so that no key signs in time; use a longer duration"),
        Case(
            endpoint: ["settings": ["greting": "hi"]],
            #"settings.greting: unknown key "greting"; did you mean "greeting"?"#),
        Case(
            endpoint: ["settings": ["greeting": "a\nb"]],
            "settings.greeting: not one line of 1 to 100 bytes; write a shorter text"),
        Case(
            endpoint: ["settings": ["greeting": ["a"]]], "settings.greeting: invalid value (a list); expected a string"),
    ]

    @Test("reports the errors of the gateway's blocks", arguments: gatewayCases)
    func gateway(_ example: Case) { check(example) }

    @Test("reports the errors of an endpoint", arguments: endpointCases)
    func endpoint(_ example: Case) { check(example) }

    private func check(_ example: Case) {
        let (configuration, problems) = ExampleDocument.load(example.document)
        #expect(configuration == nil)
        #expect(problems == example.problems)
    }

    @Test("is rejected if the cluster's name gives subjects the reserved prefix")
    func reservedCluster() {
        let (configuration, problems) = ExampleDocument.load(ExampleDocument.document(["cluster": "sts-gateway"]))
        #expect(configuration == nil)
        #expect(
            problems == [
                "error: sts.endpoints[0].token.subject: with this cluster name every subject begins with sts-gateway:, which is reserved for the gateway; use a different subject or cluster name"
            ])
    }

    @Test("reports all errors at once")
    func everythingAtOnce() {
        let document: JSONValue = [
            "cluster": "a b", "limits": ["bodyBytes": 1],
            "sts": [
                "endpoints": [
                    ["name": "UPPER", "plugin": "nobody", "settings": ["x": 1], "token": ["ttl": 1]],
                    ["name": "example", "path": "/", "issuer": ["host": "-"], "settings": ["x": 1]],
                ]
            ],
        ]
        let places = ExampleDocument.load(document).problems.filter { $0.hasPrefix("error") }
            .compactMap { $0.split(separator: ": ").dropFirst().first.map(String.init) }
        #expect(
            places == [
                "cluster", "limits.bodyBytes", "sts.endpoints[0].name", "sts.endpoints[0].plugin",
                "sts.endpoints[0].issuer.host", "sts.endpoints[1].path", "sts.endpoints[1].issuer.host",
                "sts.endpoints[0].token.ttl", "sts.endpoints[1].settings.x",
            ])
    }
}

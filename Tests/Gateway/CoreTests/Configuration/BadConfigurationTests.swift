import GatewayCore
import GatewayTestSupport
import JSON
import Testing

@Suite("A configuration that does not load")
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
        Case(["sts": .null], "sts.endpoints: is missing; write a list of one endpoint or more"),
        Case(["sts": ["endpoints": "one"]], #"sts.endpoints: "one" does not fit; write a list"#),
        Case(
            ["sts": "x"], #"sts: "x" does not fit; write a mapping"#,
            "sts.endpoints: is missing; write a list of one endpoint or more"),
        Case(["key_store": [:]], #"key_store: is an unknown key; did you mean "keyStore"?"#),
        Case(
            ["colour": "red"],
            "colour: is an unknown key; the keys here are cluster, k8s_cluster_name, listeners, tls, review, keyStore, injection, limits, audit, log, sts"
        ),
        Case(["audit": ["file": "x"]], "audit.file: is an unknown key; the keys here are events"),
        Case(["cluster": ["a"]], "cluster: a list does not fit; write a text"),
        Case(
            ["cluster": "a b"],
            #"cluster: "a b" does not fit; write 63 letters, digits, ".", "_" and "-" at most"#),
        Case(["cluster": "a\nb"], "cluster: has a line end or another control character; write it on one line"),
        Case(
            ["listeners": ["tokens": "8443"]],
            #"listeners.tokens: "8443" does not fit; write ADDRESS:PORT, such as 0.0.0.0:8443 or [::]:8443"#),
        Case(
            ["listeners": ["admin": "0.0.0.0:8443"]],
            #"listeners.admin: "0.0.0.0:8443" is used by listeners.tokens already; give each listener its own port"#),
        Case(
            ["tls": ["certificates": [["certificate": "a.pem"]]]],
            "tls.certificates[0].key: is missing; write the path of a PEM file"),
        Case(["review": ["kind": "online"]], #"review.kind: "online" does not fit; write kubernetes or offline"#),
        Case(
            ["review": ["kind": "offline"]], "review.jwks: is missing; write a file or an https URL",
            "review.issuer: is missing; write the iss of the cluster's ServiceAccount tokens"),
        Case(
            ["review": ["offline": ["jwks": "http://example.com/keys", "issuer": "i"]]],
            #"review.offline.jwks: "http://example.com/keys" does not fit; write a file, or an https URL (http on loopback only)"#
        ),
        Case(
            ["review": ["kind": "kubernetes", "jwks": "a"]],
            "review.jwks: is of no use beside kind: kubernetes; write kind: offline, or leave it out"),
        Case(
            ["review": ["offline": ["jwks": "a", "issuer": "i"], "kubeconfig": "c"]],
            "review.kubeconfig: is of no use beside kind: offline; leave one of them out"),
        Case(["keyStore": ["kind": "directory"]], "keyStore.directory: is missing; write the path of a directory"),
        Case(
            ["keyStore": ["kind": "kubernetes", "directory": "keys"]],
            "keyStore.directory: is of no use beside kind: kubernetes; write kind: directory, or leave it out"),
        Case(
            ["keyStore": ["path": "a", "directory": "b"]],
            "keyStore.path: is there beside directory; leave one of them out"),
        Case(
            ["injection": ["position": "middle"]],
            #"injection.position: "middle" does not fit; write first, last or {after: NAME}"#),
        Case(
            ["injection": ["gatewayURL": "http://a"]],
            #"injection.gatewayURL: "http://a" does not fit; write an https URL"#),
        Case(
            [
                "injection": [
                    "sidecar": ["tokenMode": "0666", "resources": ["limits": ["memory": "32 MiB"]]],
                    "subjectTokenLifetime": "5m", "webhook": ["service": "Gateway", "concurrency": 0],
                ]
            ],
            #"injection.sidecar.tokenMode: "0666" does not fit; write a file's mode that its owner may read and nobody "#
                + #"else may change, such as "0644" or "0440""#,
            #"injection.sidecar.resources.limits.memory: "32 MiB" does not fit; write a quantity, such as 5m or 32Mi"#,
            #"injection.subjectTokenLifetime: "5m" does not fit; write a time from 10m to 24h"#,
            #"injection.webhook.service: "Gateway" does not fit; write 63 lower-case letters, digits and "-" at most"#,
            #"injection.webhook.concurrency: "0" does not fit; write a whole number from 1 to 10000"#),
        Case(["tls": ["names": ["a_b"]]], #"tls.names: "a_b" does not fit; write a DNS name"#),
        Case(
            ["limits": ["bodyBytes": 10, "readTimeout": "1d", "connections": "many"]],
            #"limits.bodyBytes: "10" does not fit; write a whole number from 1024 to 4194304"#,
            #"limits.readTimeout: "1d" does not fit; write a time from 1s to 10m"#,
            #"limits.connections: "many" does not fit; write a whole number from 1 to 1000000"#),
        Case(
            ["log": ["level": "loud"]],
            #"log.level: "loud" does not fit; write debug, info, notice, warning or error"#),
    ]

    static let endpointCases: [Case] = [
        Case(endpoint: ["audiance": "x"], #"audiance: is an unknown key; did you mean "audience"?"#),
        Case(endpoint: ["name": .null, "plugin": "example"], "name: is missing; write a name of its own, such as dev"),
        Case(
            endpoint: ["name": "A", "plugin": "example"],
            #"name: "A" does not fit; write 63 lower-case letters, digits and "-" at most, no "-" at an end"#),
        Case(endpoint: ["plugin": "exmaple"], #"plugin: "exmaple" is no plugin that is mounted; write example"#),
        Case(
            endpoint: ["name": "other"],
            "plugin: is missing, and neither name nor audience tells which it is; write example"),
        Case(endpoint: ["audience": ["a", "a"]], #"audience[1]: "a" is there twice; keep one"#),
        Case(endpoint: ["audience": []], "audience: is empty; write one or more, or leave the key out"),
        Case(
            endpoint: ["path": "dev"],
            #"path: "dev" does not fit; write one to four segments of lower-case letters, digits and "-", such as /dev"#
        ),
        Case(endpoint: ["path": "/k8s/x"], #"path: "/k8s" is the gateway's own; write another path"#),
        Case(endpoint: ["issuer": .null], "issuer.host: is missing; write the host of the issuer URL"),
        Case(endpoint: ["issuer": ["host": ""]], "issuer.host: is missing; write the host of the issuer URL"),
        Case(
            endpoint: ["issuer": ["host": "https://example.com"]],
            #"issuer.host: "https://example.com" does not fit; write a DNS name alone, without https://, port or path"#),
        Case(
            endpoint: ["issuer": ["host": "example.com", "path": "/dev/"]],
            #"issuer.path: "/dev/" does not fit; begin it with a slash and end it without, such as /dev"#),
        Case(
            endpoint: ["issuer": ["host": "example.com", "keypair": "A B"]],
            #"issuer.keypair: "A B" does not fit; write the name of a Secret"#),
        Case(
            endpoint: ["azRules": [["scope": "ldap", "constraint": "x"], ["scope": "group", "constraint": " "]]],
            "azRules[0].scope: \(AccessRuleError.unknownScope("ldap"))",
            "azRules[1].constraint: \(AccessRuleError.emptyGroup)"),
        Case(
            endpoint: ["azRules": [["scope": "filter"]]],
            "azRules[0].constraint: is missing; write a filter such as (namespace=myns)"),
        Case(
            endpoint: ["injector": ["label": "tremolo.io/role", "token_environment_variable_name": "1A"]],
            #"injector.label: "tremolo.io/role" does not fit; write the name of a label, without prefix and slash"#,
            #"injector.token_environment_variable_name: "1A" does not fit; write letters, digits and "_", no digit first"#
        ),
        Case(
            endpoint: ["injector": ["token_environment_variable_name": "EXAMPLE_ROLE"]],
            #"injector.label_value_environment_variable_name: "EXAMPLE_ROLE" holds the token file's path already; name another variable"#
        ),
        Case(
            endpoint: ["subjectToken": ["requirePod": "yes"]],
            #"subjectToken.requirePod: "yes" does not fit; write true or false"#),
        Case(endpoint: ["token": ["ttl": "5s"]], #"token.ttl: "5s" does not fit; write a time from 60s to 24h"#),
        Case(endpoint: ["token": ["ttl": "soon"]], #"token.ttl: "soon" does not fit; write a time from 60s to 24h"#),
        Case(
            endpoint: ["token": ["algorithm": "HS256"]],
            #"token.algorithm: "HS256" does not fit; write RS256, RS384, RS512, ES256, ES384 or ES512"#),
        Case(
            endpoint: ["token": ["keySize": 2_049]],
            #"token.keySize: "2049" does not fit; write a multiple of 8, such as 2048, 3072 or 4096"#),
        Case(
            endpoint: ["token": ["subject": "{cluster}:{namespace}"]],
            #"token.subject: "{cluster}:{namespace}" gives several ServiceAccounts one subject; write {saname} too, or allowSharedSubject: true"#
        ),
        Case(
            endpoint: ["token": ["subject": "{namespace}-{saname}"]],
            #"token.subject: "{namespace}-{saname}" can give two ServiceAccounts one subject, for names have letters, digits, ".", "_" and "-"; write ":" or "/" between them, or allowSharedSubject: true"#
        ),
        Case(
            endpoint: ["token": ["subject": "sts-gateway:{namespace}:{saname}"]],
            #"token.subject: "sts-gateway:{namespace}:{saname}" begins with sts-gateway:, which is the gateway's own; begin it otherwise"#
        ),
        Case(
            endpoint: ["token": ["claims": ["sub": "x", "team": ["attribute": "pod-nam"], "none": .null]]],
            "token.claims.sub: is a claim that the gateway itself sets; name it otherwise",
            #"token.claims.team.attribute: "pod-nam" is no attribute; did you mean "pod-name"?"#,
            "token.claims.none: has no value; write one, or {attribute: NAME}"),
        Case(
            endpoint: ["additionalAttributes": ["groups"], "token": ["claims": ["groups": "x"]]],
            #"token.claims: "groups" is among additionalAttributes already; leave one of them out"#),
        Case(
            endpoint: ["rotation": ["every": "2h"]],
            "rotation.every: is not longer than propagation (2h), so no key would sign in time; make it longer"),
        Case(
            endpoint: ["settings": ["greting": "hi"]],
            #"settings.greting: is an unknown key; did you mean "greeting"?"#),
        Case(
            endpoint: ["settings": ["greeting": "a\nb"]],
            "settings.greeting: not one line of 1 to 100 bytes; write a shorter text"),
        Case(endpoint: ["settings": ["greeting": ["a"]]], "settings.greeting: a list does not fit; write a text"),
    ]

    @Test("says what is wrong with the gateway's own blocks", arguments: gatewayCases)
    func gateway(_ example: Case) { check(example) }

    @Test("says what is wrong with an endpoint", arguments: endpointCases)
    func endpoint(_ example: Case) { check(example) }

    private func check(_ example: Case) {
        let (configuration, problems) = ExampleDocument.load(example.document)
        #expect(configuration == nil)
        #expect(problems == example.problems)
    }

    @Test("refuses a subject that the cluster's name would make the gateway's own")
    func reservedCluster() {
        let (configuration, problems) = ExampleDocument.load(ExampleDocument.document(["cluster": "sts-gateway"]))
        #expect(configuration == nil)
        #expect(
            problems == [
                "error: sts.endpoints[0].token.subject: makes every subject begin with sts-gateway:, which is the gateway's own; name the cluster otherwise, or begin it otherwise"
            ])
    }

    @Test("tells everything at once, whatever else is wrong")
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

import GatewayCore
import GatewayPluginAPI
import JOSE
import JSON
import Testing

@Suite("Admission: containers and systems of a Pod")
struct PodContainerTests {
    private func outcome(_ spec: [JSONValue.Member], annotations: [String: String] = [:]) throws -> PodMutation.Outcome
    {
        try InjectionExample.mutation().patch(
            InjectionExample.pod(
                annotations: annotations.merging(["example-role": "reader"]) { one, _ in one }, spec: spec),
            namespace: "shop")
    }

    private func affinity(_ terms: [JSONValue]...) -> JSONValue.Member {
        let list = terms.map { JSONValue.object([.init("matchExpressions", .array($0))]) }
        return .init(
            "affinity",
            [
                "nodeAffinity": [
                    "requiredDuringSchedulingIgnoredDuringExecution": ["nodeSelectorTerms": .array(list)]
                ]
            ])
    }

    private func system(_ kind: JSONValue, _ values: JSONValue...) -> JSONValue {
        ["key": "kubernetes.io/os", "operator": kind, "values": .array(values)]
    }

    @Test("A Pod that runs on Windows only is denied, by affinity and by Windows options")
    func windows() throws {
        let other: JSONValue = ["key": "zone", "operator": "In", "values": ["a"]]
        let options: JSONValue = ["windowsOptions": ["hostProcess": true]]
        let denied: [[JSONValue.Member]] = [
            [affinity([system("In", "windows")])],
            [affinity([other, system("In", "Windows")], [system("NotIn", "linux")])],
            [.init("securityContext", options)], [.init("containers", [["name": "app", "securityContext": options]])],
            [.init("securityContext", ["windowsOptions": ["runAsUserName": "x"]])],
        ]
        for spec in denied {
            let denial = #expect(throws: AdmissionDenial.self, "\(spec)") { try outcome(spec) }
            #expect(denial?.message.hasPrefix("Windows Pods are not supported") == true)
        }
        let admitted: [[JSONValue.Member]] = [
            [affinity([system("In", "linux", "windows")])], [affinity([system("NotIn", "windows")])],
            [affinity([system("In", "windows")], [other])], [affinity([system("Exists")])], [affinity()],
            [.init("securityContext", ["windowsOptions": [:]])], [.init("runtimeClassName", "windows-2022")],
        ]
        for spec in admitted { #expect(try outcome(spec).endpoints == ["one"], "\(spec)") }
    }

    private func mounted(
        _ path: String, isReadOnly: Bool = false, volume: JSONValue = ["emptyDir": [:]]
    ) throws -> [String] {
        let mount: JSONValue = ["name": "v", "mountPath": .string(path), "readOnly": .bool(isReadOnly)]
        return try outcome([
            .init("containers", [["name": "app", "volumeMounts": [mount]]]),
            .init("volumes", [.object([.init("name", "v")] + volume.memberList)]),
        ]).warnings
    }

    @Test(
        "A path that equals the tokens' folder for the container runtime is denied",
        arguments: [
            "/var/run/secrets/sts", "/var/run/secrets/sts/", "/var/run//secrets/sts", "/var/./run/secrets/sts",
            "/var/run/secrets/x/../sts", "var/run/secrets/sts", "/../var/run/secrets/sts", "/var/run/secrets/sts/one",
            "./var/run/secrets/sts//one/",
        ])
    func samePath(path: String) throws {
        let denial = #expect(throws: AdmissionDenial.self) { try mounted(path) }
        #expect(denial?.message.contains("(spec.containers[0].volumeMounts[0])") == true)
    }

    @Test("A path that may be the folder, or a read-only volume above it, causes a warning")
    func similarPath() throws {
        #expect(
            try mounted("/run/secrets/sts") == [
                "the container \"app\" mounts a volume at \"/run/secrets/sts\", which is /var/run/secrets/sts in images "
                    + "where /var/run is a link to /run; use a different mount path"
            ])
        for path in ["/run/secrets/sts/one", "/run//secrets/sts/"] { #expect(try mounted(path).count == 1, "\(path)") }
        for path in ["/var/run/secrets", "/var/run", "/run", "/run/secrets/", "/var"] {
            #expect(try mounted(path).isEmpty, "\(path) is writable")
        }
        for path in ["/var/run/secrets", "/run/secrets/", "/var/run", "/run"] {
            #expect(try mounted(path, isReadOnly: true).count == 1, "\(path)")
            #expect(try mounted(path, volume: ["secret": ["secretName": "x"]]).count == 1, "\(path)")
        }
        for path in ["/run/secrets/other", "/var/run/secrets/kubernetes.io/serviceaccount", "/run/secrets/sts-other"] {
            #expect(try mounted(path, isReadOnly: true) == [], "\(path)")
        }
    }

    @Test("include-containers names the containers that get tokens; skip-containers applies as well")
    func included() throws {
        let containers: JSONValue = [["name": "a"], ["name": "b"], ["name": "c"]]
        func served(_ annotations: [String: String]) throws -> [Bool] {
            let text = try outcome([.init("containers", containers)], annotations: annotations).patch.json.text
            return (0...2).map { text.contains("/spec/containers/\($0)/volumeMounts") }
        }
        #expect(try served([:]) == [true, true, true])
        #expect(try served(["include-containers": "a; c"]) == [true, false, true])
        #expect(try served(["include-containers": "a,c", "skip-containers": "c"]) == [true, false, false])
        let denial = #expect(throws: AdmissionDenial.self) { try served(["include-containers": "a,lgo"]) }
        #expect(
            denial?.message == "tremolo.io/include-containers: unknown container \"lgo\"; name a container of the Pod")
    }

    private func keyed(_ container: JSONValue) throws -> [String] {
        let endpoint = try EndpointConfiguration.keyed()
        let pod = InjectionExample.pod(spec: [.init("containers", [container])])
        return try PodMutation(InjectionExample.policy, endpoints: [endpoint]).patch(pod, namespace: "shop").warnings
    }

    @Test("A variable that the plugin names as conflicting causes a warning, in env and by envFrom")
    func conflicting() throws {
        #expect(
            try keyed(["name": "app", "env": [["name": "STATIC_KEY", "valueFrom": [:]]]]) == [
                "the container \"app\" sets STATIC_KEY, so the token of one is not used: static keys win, so remove them"
            ])
        #expect(try keyed(["name": "app"]) == [])
        #expect(
            try keyed(["name": "app", "envFrom": [["secretRef": ["name": "x"]]]]) == [
                "the container \"app\" gets variables from ConfigMaps or Secrets (envFrom): KEYED_TOKEN_FILE of them are "
                    + "not used, and STATIC_KEY would be used before the token"
            ])
        #expect(
            try keyed(["name": "app", "envFrom": [["prefix": "STATIC_", "secretRef": ["name": "x"]]]]) == [
                "the container \"app\" gets variables from ConfigMaps or Secrets (envFrom): STATIC_KEY would be used "
                    + "before the token"
            ])
        #expect(try keyed(["name": "app", "envFrom": [["prefix": "DB_", "secretRef": ["name": "x"]]]]) == [])
        #expect(try keyed(["name": "app", "envFrom": []]) == [])
    }
}

extension EndpointConfiguration {
    fileprivate static func keyed() throws -> EndpointConfiguration {
        try ExampleEndpoint.configuration([.init("plugin", "keyed")], plugins: [KeyedProvider.self])
    }
}

/// A plugin whose relying party's SDKs prefer static keys.
private struct KeyedProvider: ProviderPlugin {
    static let id: PluginID = PluginID("keyed")
    static let defaults = EndpointDefaults(
        audiences: ["https://keyed.example.com"], recognizedAudiences: ["https://keyed.example.com"],
        injector: .init(label: "example-role", tokenVariable: "KEYED_TOKEN_FILE", valueVariable: nil),
        algorithms: [.rs256])

    init(endpoint: Endpoint, settings: NoSettings, context: PluginContext) throws(SettingsErrors) {}

    func injection(for request: InjectionRequest) throws(InjectionError) -> PodInjection {
        PodInjection(
            value: request.annotation,
            conflictingVariables: [.init(anyOf: ["STATIC_KEY"], advice: "static keys win, so remove them")])
    }
}

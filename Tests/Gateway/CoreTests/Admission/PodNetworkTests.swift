import GatewayCore
import JSON
import Testing

@Suite("Admission: service meshes, name resolution and the end of a Pod")
struct PodNetworkTests {
    private func outcome(
        _ spec: [JSONValue.Member], annotations: [String: String] = [:], foreign: [String: String] = [:],
        _ change: (inout InjectionPolicy) -> Void = { _ in }
    ) throws -> (pod: JSONValue, warnings: [String]) {
        var pod = InjectionExample.pod(
            annotations: annotations.merging(["example-role": "reader"]) { one, _ in one }, spec: spec)
        for (key, value) in foreign { pod = pod.setting(.string(value), at: "metadata", "annotations", key) }
        let mutation = try InjectionExample.mutation(change)
        let outcome = try mutation.patch(pod, namespace: "shop")
        let patched = try #require(outcome.patch.applied(to: pod))
        let again = try mutation.patch(patched, namespace: "shop")
        #expect(again.patch.isEmpty && again.warnings == outcome.warnings)
        return (patched, outcome.warnings)
    }

    /// Init containers; native ones with an asterisk.
    private func list(_ names: String...) -> JSONValue.Member {
        .init(
            "initContainers",
            .array(
                names.map { name in
                    guard name.hasSuffix("*") else { return ["name": .string(name)] }
                    return ["name": .string(String(name.dropLast())), "restartPolicy": "Always"]
                }))
    }

    private func names(_ pod: JSONValue) -> [String] {
        (pod["spec"]?["initContainers"]?.elementList ?? []).compactMap { $0["name"]?.stringValue }
    }

    /// Mesh, the container of the CNI plugin, and the annotation with the excluded ports.
    static let meshes = [
        ("Istio", "istio-validation", "traffic.sidecar.istio.io/excludeOutboundPorts"),
        ("Linkerd", "linkerd-network-validator", "config.linkerd.io/skip-outbound-ports"),
        ("Kuma", "kuma-validation", "traffic.kuma.io/exclude-outbound-ports"),
    ]

    @Test("A mesh that redirects before its proxy runs causes a warning with its annotation", arguments: meshes)
    func redirected(mesh: (name: String, validator: String, annotation: String)) throws {
        #expect(
            try outcome([list(mesh.validator)]).warnings == [
                "\(mesh.name) redirects the Pod's traffic before its proxy runs, so sts-sidecar cannot reach the gateway "
                    + "and the Pod does not start; set the annotation \(mesh.annotation): \"8443\", or use native "
                    + "sidecars of \(mesh.name)"
            ])
        for (ports, isExcluded) in [("8443", true), ("443, 8000-8999", true), ("443,9000", false), ("x-y", false)] {
            let outcome = try outcome([list(mesh.validator)], foreign: [mesh.annotation: ports])
            #expect(outcome.warnings.isEmpty == isExcluded, "\(ports)")
        }
    }

    @Test(
        "The init container of a mesh causes one only where the sidecar is after it",
        arguments: ["istio-init", "linkerd-init", "kuma-init", "consul-connect-inject-init"])
    func initializer(name: String) throws {
        #expect(try outcome([list(name)]).warnings == [])
        #expect(try outcome([list(name)]) { $0.position = .last }.warnings.count == 1)
        #expect(
            try outcome([list(name)]) {
                $0.sidecar.mode = .classic
                $0.position = .last
            }.warnings.count == 1)
    }

    @Test("Consul's CNI plugin is recognized by its annotation")
    func consul() throws {
        let outcome = try outcome([], foreign: ["consul.hashicorp.com/redirect-traffic-config": "{}"])
        #expect(outcome.warnings.count == 1)
        #expect(
            outcome.warnings.first?.contains(
                "consul.hashicorp.com/transparent-proxy-exclude-outbound-ports: \"8443\"")
                == true)
    }

    @Test(
        "The sidecar is after the native proxy of a mesh, without a warning",
        arguments: [
            ("istio-init", "istio-proxy"), ("istio-validation", "istio-proxy"), ("linkerd-init", "linkerd-proxy"),
            ("kuma-init", "kuma-sidecar"), ("consul-connect-inject-init", "consul-dataplane"),
        ])
    func native(initializer: String, proxy: String) throws {
        let outcome = try outcome([list(initializer, "\(proxy)*", "migrate")])
        #expect(names(outcome.pod) == [initializer, proxy, "sts-sidecar", "migrate"])
        #expect(outcome.warnings == [])
    }

    @Test("The sidecar is after a native sidecar of the configured list")
    func configured() throws {
        #expect(try names(outcome([list("vpn*", "migrate")]).pod) == ["sts-sidecar", "vpn", "migrate"])
        let pod = try outcome([list("vpn*", "migrate")]) { $0.meshProxies = ["vpn"] }.pod
        #expect(names(pod) == ["vpn", "sts-sidecar", "migrate"])
    }

    @Test("dnsPolicy None causes a warning where a name must be resolved")
    func noDNS() throws {
        let none: JSONValue.Member = .init("dnsPolicy", "None")
        #expect(
            try outcome([none]).warnings == [
                "dnsPolicy is None, so the nameservers of the Pod's dnsConfig must resolve sts-gateway.test.svc; "
                    + "use dnsPolicy: ClusterFirst unless they do"
            ])
        #expect(try outcome([none]) { $0.server = "https://sts.example.com" }.warnings.count == 1)
        for server in ["https://192.0.2.7:8443", "https://[2001:db8::7]:8443", "https://[2001:db8::7]"] {
            #expect(try outcome([none]) { $0.server = server }.warnings == [], "\(server)")
        }
    }

    private func lifetime(_ seconds: Int?) throws -> Int? {
        let spec = seconds.map { [JSONValue.Member("terminationGracePeriodSeconds", .integer($0))] } ?? []
        let volumes = try outcome(spec).pod["spec"]?["volumes"]?.elementList ?? []
        let sources = volumes.first { $0["name"] == "sts-subject-token" }?["projected"]?["sources"]?.elementList
        return sources?.first?["serviceAccountToken"]?["expirationSeconds"]?.integerValue
    }

    @Test("The ServiceAccount token of a Pod with a long grace period is valid until its end, for 24 hours at most")
    func expiration() throws {
        #expect(try lifetime(nil) == 3_600 && lifetime(30) == 3_600 && lifetime(720) == 3_600)
        #expect(try lifetime(3_600) == 18_000 && lifetime(17_280) == 86_400 && lifetime(100_000) == 86_400)
        #expect(try lifetime(.max) == 86_400 && lifetime(0) == 3_600)
    }

    @Test("sidecar-linger is a setting of the classic sidecar")
    func linger() throws {
        func outcome(
            _ text: String, _ mode: GatewayConfiguration.Injection.SidecarMode, grace: Int = 3_600
        ) throws -> (pod: JSONValue, warnings: [String]) {
            try self.outcome(
                [.init("terminationGracePeriodSeconds", .integer(grace))], annotations: ["sidecar-linger": text]
            ) { $0.sidecar.mode = mode }
        }
        let classic = try outcome("10m", .classic)
        let setting = #"{"name":"STS_LINGER","value":"10m"}"#
        #expect(classic.warnings == [])
        #expect(classic.pod["spec"]?["containers"]?.text.contains(setting) == true)
        #expect(classic.pod["spec"]?["initContainers"]?.text.contains("STS_LINGER") == false)
        let native = try outcome("10m", .native)
        #expect(native.pod.text.contains("STS_LINGER") == false && native.warnings.count == 1)
        #expect(try outcome("10m", .classic, grace: 600).warnings.count == 1)
        for text in ["", "10", "0s", "25h", "m", "-1m", "1.5h", "100000s"] {
            let denial = #expect(throws: AdmissionDenial.self, "\(text)") { try outcome(text, .classic) }
            #expect(denial?.message.hasPrefix("tremolo.io/sidecar-linger: invalid duration") == true)
        }
    }
}

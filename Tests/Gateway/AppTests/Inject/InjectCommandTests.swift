import ArgumentParser
import GatewayCore
import GatewayServer
import GatewayTestSupport
import JSON
import KubernetesAPI
import Testing

@testable import GatewayApp

@Suite("inject", .builtInPlugins)
struct InjectCommandTests {
    private static let configuration = """
        keyStore: {directory: keys}
        review: {offline: {jwks: keys.json, issuer: "https://kubernetes.default.svc"}}
        injection: {gatewayURL: "https://sts.example.com/", sidecar: {image: "example.com/sidecar:1"}}
        sts:
          endpoints:
          - name: one
            plugin: oidc
            audience: https://example.com
            path: /one
            issuer: {host: one.example.com}
            azRules: [{scope: filter, constraint: "(namespace=shop)"}]
            injector: {label: one-role, label_value_environment_variable_name: ONE_ROLE}
        """

    private static let pod = """
        apiVersion: v1
        kind: Pod
        metadata:
          name: web
          labels: {tremolo.io/one-role: "true"}
          annotations: {tremolo.io/one-role: reader}
        spec:
          containers: [{name: app, image: app}]

        """

    private func preview(_ text: String, wanted: String...) throws -> InjectCommandPreview.Result {
        let folder = try TemporaryFolder()
        try folder.write(Self.configuration, to: "gateway.yaml")
        let configuration = try #require(
            ConfigurationFile(path: "\(folder.path)/gateway.yaml").read(
                manifest: nil, namespace: "sts", logger: .silent
            ).configuration)
        let policy = InjectionPolicy(
            configuration.injection, namespace: "sts", standardImage: "sts-sidecar:0", trust: nil,
            serverVersion: KubernetesVersion(1, 34))
        return try InjectCommandPreview(
            mutation: PodMutation(policy, endpoints: configuration.endpoints), namespace: "default",
            labels: [("one", "tremolo.io/one-role")]
        ).injected(KubernetesYAML(text).documents.map { WorkloadManifest($0) }, wanted: wanted)
    }

    @Test("A Pod is injected with the image, URL and audience of the configuration")
    func pod() throws {
        let result = try preview(Self.pod, wanted: "one")
        let text = try #require(result.objects.first?.json.text)
        #expect(text.contains(#""image":"example.com/sidecar:1""#))
        #expect(text.contains(#"{"name":"STS_SERVER","value":"https://sts.example.com"}"#))
        #expect(text.contains(#""audience":"sts-gateway.sts.svc""#))
        #expect(text.contains(#"{"name":"ONE_ROLE","value":"reader"}"#))
        #expect(result.warnings == [])
    }

    @Test("Other objects are not changed, comments and empty documents are dropped, lines may end in CR LF")
    func otherObjects() throws {
        let text = "# first\n---\n" + Self.pod + "--- # second\nkind: Service\nspec: {port: 0644}\n...\n---\n# end\n"
        for text in [text, text.replacing("\n", with: "\r\n")] {
            let objects = try preview(text).objects
            #expect(objects.count == 2)
            #expect(objects.last?.json == ["kind": "Service", "spec": ["port": 420]])
            #expect(objects.last?.patch.isEmpty == true)
        }
    }

    @Test("A Deployment is patched at its template, with its namespace")
    func deployment() throws {
        let indented = Self.pod.split(separator: "\n").dropFirst(2).map { "    \($0)" }.joined(separator: "\n")
        let result = try preview(
            "kind: Deployment\nmetadata: {name: web, namespace: shop}\nspec:\n  template:\n\(indented)\n")
        let patch = try #require(result.objects.first?.patch)
        #expect(!patch.isEmpty && patch.operations.allSatisfy { $0.path.description.hasPrefix("/spec/template/") })
        #expect(try preview(#require(result.objects.first).json.indentedText).objects.first?.patch.isEmpty == true)
    }

    @Test("An annotation of a ServiceAccount in the file applies in its namespace only")
    func serviceAccount() throws {
        let pod = Self.pod.replacing("  annotations: {tremolo.io/one-role: reader}\n", with: "")
        func account(_ namespace: String) -> String {
            "---\nkind: ServiceAccount\nmetadata:\n  name: default\n  namespace: \(namespace)\n"
                + "  annotations: {tremolo.io/one-role: writer}\n"
        }
        #expect(try preview(pod + account("default")).objects.first?.json.text.contains("writer") == true)
        #expect(throws: InjectCommandPreview.Denial.self) { try preview(pod + account("other")) }
    }

    @Test("A Pod without injection is an error with advice and the earlier warnings")
    func refused() throws {
        let unlabelled = Self.pod.replacing("tremolo.io/one-role: \"true\"", with: "")
        let refusal = #expect(throws: InjectCommandPreview.Denial.self) { try preview(unlabelled, wanted: "one") }
        #expect(
            refusal?.reason
                == "nothing is injected for one; add the label and the annotation tremolo.io/one-role to the Pod")
        let valueless = Self.pod.replacing("reader", with: "\"\"")
        #expect(throws: InjectCommandPreview.Denial.self) { try preview(valueless) }
        let windows = Self.pod + "  os: {name: windows}\n"
        let denial = #expect(throws: InjectCommandPreview.Denial.self) { try preview(windows) }
        #expect(denial?.reason.hasPrefix("Pod web: Windows Pods are not supported") == true)
        let none = #expect(throws: InjectCommandPreview.Denial.self) { try preview("kind: Service\n") }
        #expect(none?.reason == "no Pod and no Pod template; expected an object that has one")
    }

    @Test("A YAML problem is reported with its line in the file")
    func badYAML() {
        let problem = #expect(throws: ConfigurationProblem.self) {
            try KubernetesYAML("kind: Service\n---\na: 1\nb: .inf\n")
        }
        #expect(problem?.line == 4)
    }

    @Test("Injected is 0, denied 1, invalid input 64, an invalid configuration 78")
    func codes() throws {
        let folder = try TemporaryFolder()
        try folder.write(Self.configuration, to: "gateway.yaml")
        try folder.write("sts: {}", to: "bad.yaml")
        try folder.write(Self.pod, to: "pod.yaml")
        try folder.write("kind: Service", to: "service.yaml")
        try folder.write("a: [", to: "broken.yaml")
        func code(_ arguments: String...) -> Int32 {
            do {
                let paths = arguments.map { $0.hasSuffix(".yaml") ? "\(folder.path)/\($0)" : $0 }
                var command = try GatewayCommand.parseAsRoot(["inject"] + paths)
                try command.run()
                return 0
            } catch {
                return GatewayCommand.exitCode(for: error).rawValue
            }
        }
        #expect(code("--config", "gateway.yaml", "--endpoint", "one", "-f", "pod.yaml") == 0)
        #expect(code("--config", "gateway.yaml", "--patch", "-f", "pod.yaml") == 0)
        #expect(code("--config", "gateway.yaml", "-f", "service.yaml") == 1)
        #expect(code("--config", "gateway.yaml", "--endpoint", "two", "-f", "pod.yaml") == 64)
        #expect(code("--config", "gateway.yaml", "-f", "nowhere.yaml") == 64)
        #expect(code("--config", "gateway.yaml", "-f", "broken.yaml") == 64)
        #expect(code("--config", "gateway.yaml", "--kubernetes-version", "new", "-f", "pod.yaml") == 64)
        #expect(code("--config", "gateway.yaml", "--ca-file", "nowhere.yaml", "-f", "pod.yaml") == 64)
        #expect(code("--config", "bad.yaml", "-f", "pod.yaml") == 78)
        #expect(code("--config", "gateway.yaml") == 64)
    }

    @Test("Output is JSON with a line for each member")
    func indented() {
        let json: JSONValue = ["a": [], "b": [1, ["c": "\n"]], "d": [:]]
        #expect(
            json.indentedText == """
                {
                  "a": [],
                  "b": [
                    1,
                    {
                      "c": "\\n"
                    }
                  ],
                  "d": {}
                }
                """)
    }
}

import GatewayCore
import JSON
import Testing

@Suite("Admission: warnings")
struct PodMutationWarningTests {
    private func outcome(
        _ pod: JSONValue, serviceAccount: [String: String] = [:], _ change: (inout InjectionPolicy) -> Void = { _ in }
    ) throws -> PodMutation.Outcome {
        try InjectionExample.mutation(change).patch(pod, namespace: "shop", serviceAccount: serviceAccount)
    }

    @Test("A Pod without a problem causes no warning, in its second review neither")
    func none() throws {
        let pod = InjectionExample.pod(
            labels: ["example-role", "two-role"], annotations: ["example-role": "a", "two-role": "b"])
        let first = try outcome(pod)
        #expect(first.warnings == [] && first.endpoints == ["one", "two"])
        #expect(try outcome(#require(first.patch.applied(to: pod))) == .init(endpoints: ["one", "two"]))
    }

    @Test(
        "A Pod with a label and without an annotation is admitted with a warning",
        arguments: [[:], ["example-role": ""]])
    func noValue(annotations: [String: String]) throws {
        let expected = PodMutation.Outcome(warnings: [
            "the Pod has the label tremolo.io/example-role, but neither the Pod nor its ServiceAccount has an annotation of "
                + "that name, so nothing is injected for one; add the annotation"
        ])
        #expect(try outcome(InjectionExample.pod(annotations: annotations)) == expected)
    }

    @Test("The Pod's annotation takes precedence over its ServiceAccount's, unless it is empty")
    func serviceAccount() throws {
        let account = ["tremolo.io/example-role": "writer"]
        func role(_ annotations: [String: String]) throws -> Bool {
            let outcome = try outcome(InjectionExample.pod(annotations: annotations), serviceAccount: account)
            return outcome.patch.json.text.contains(#"{"name":"EXAMPLE_ROLE","value":"writer"}"#)
        }
        #expect(try role([:]))
        #expect(try role(["example-role": ""]))
        #expect(try !role(["example-role": "reader"]))
    }

    @Test("The ServiceAccount is needed only where a Pod with the label lacks the annotation")
    func neededServiceAccount() throws {
        let mutation = try InjectionExample.mutation()
        let named: [JSONValue.Member] = [.init("serviceAccountName", "web")]
        #expect(mutation.neededServiceAccount(of: InjectionExample.pod()) == nil)
        let needed = mutation.neededServiceAccount(of: InjectionExample.pod(annotations: [:], spec: named))
        #expect(needed?.name == "web")
        #expect(needed?.missing == ["tremolo.io/example-role"])
        #expect(needed?.keys == ["tremolo.io/example-role", "tremolo.io/example-role-lifetime"])
        let empty: [JSONValue.Member] = [.init("serviceAccountName", "")]
        #expect(
            mutation.neededServiceAccount(of: InjectionExample.pod(annotations: [:], spec: empty))?.name == "default")
        #expect(mutation.neededServiceAccount(of: InjectionExample.pod(labels: [], annotations: [:])) == nil)
        #expect(mutation.neededServiceAccount(of: []) == nil)
        let windows: [JSONValue.Member] = [.init("os", ["name": "windows"])]
        #expect(mutation.neededServiceAccount(of: InjectionExample.pod(annotations: [:], spec: windows)) == nil)
    }

    @Test("A variable that the container sets to another value stays, with a warning")
    func ownVariable() throws {
        func warnings(_ value: JSONValue) throws -> [String] {
            try outcome(
                InjectionExample.pod(spec: [
                    .init("containers", [["name": "app", "env": [["name": "EXAMPLE_ROLE", "value": value]]]])
                ])
            ).warnings
        }
        #expect(
            try warnings("mine") == [
                "the container \"app\" sets EXAMPLE_ROLE itself; "
                    + "remove it to use the injected value"
            ])
        #expect(try warnings("reader") == [])
    }

    @Test("Of two endpoints with the same variable, the first by name sets it, with a warning")
    func sharedVariable() throws {
        let one = try InjectionExample.one()
        let two = try InjectionExample.two([.init("injector", ["label": "two-role"])])
        let pod = InjectionExample.pod(
            labels: ["example-role", "two-role"], annotations: ["example-role": "a", "two-role": "b"])
        let outcomes = try [[one, two], [two, one]].map {
            try PodMutation(InjectionExample.policy, endpoints: $0).patch(pod, namespace: "shop")
        }
        #expect(outcomes[0] == outcomes[1])
        #expect(outcomes[0].patch.json.text.contains("/var/run/secrets/sts/one/token"))
        #expect(outcomes[0].warnings.count == 2)
        #expect(
            outcomes[0].warnings.first
                == "EXAMPLE_TOKEN_FILE is set for one, not for two, which the Pod requests as well; "
                + "set the token file of the other one in the program's configuration")
    }

    @Test("A Pod with hostNetwork and without the cluster's DNS gets a warning")
    func hostNetwork() throws {
        func count(_ policy: String?, server: String = "https://sts-gateway.test.svc:8443") throws -> Int {
            var spec: [JSONValue.Member] = [.init("hostNetwork", true)]
            if let policy { spec.append(.init("dnsPolicy", .string(policy))) }
            return try outcome(InjectionExample.pod(spec: spec)) { $0.server = server }.warnings.count
        }
        #expect(try count(nil) == 1)
        #expect(try count("ClusterFirst") == 1)
        #expect(try count("Default") == 1)
        #expect(try count("ClusterFirstWithHostNet") == 0)
        #expect(try count(nil, server: "https://sts.example.com") == 0)
    }

    @Test("An unknown container in skip-containers causes a warning")
    func skippedNobody() throws {
        let pod = InjectionExample.pod(annotations: ["example-role": "reader", "skip-containers": "app,lgo"])
        #expect(
            try outcome(pod).warnings == [
                "tremolo.io/skip-containers: unknown container \"lgo\"; name a container of the Pod"
            ])
    }

    @Test("OpenUnison-compatible annotations without effect cause a warning")
    func stock() throws {
        let pod = InjectionExample.pod(
            annotations: ["example-role": "reader", "non-root": "false", "create-volume": "false", "user": "0"])
        let outcome = try outcome(pod)
        #expect(
            outcome.warnings == [
                "tremolo.io/non-root is false, but the sidecar never runs as root; remove the annotation",
                "tremolo.io/create-volume is false, but the Pod has no volume sts-tokens; "
                    + "add an emptyDir of that name",
            ])
        #expect(!outcome.patch.json.text.contains("runAsUser"))
    }

    @Test("Names of a Pod in messages are on one line and truncated")
    func quotation() throws {
        let name = "a\n\u{202E}" + String(repeating: "x", count: 1_000)
        let pod = InjectionExample.pod(annotations: ["example-role": "reader", "skip-containers": name])
        let warning = try #require(try outcome(pod).warnings.first)
        #expect(warning.contains("\"a??xxx") && warning.utf8.count < 200)
    }
}

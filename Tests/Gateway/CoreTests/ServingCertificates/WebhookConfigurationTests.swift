import FoundationEssentials
import GatewayCore
import JSON
import KubernetesAPI
import Testing

@Suite("Trust of webhook configurations")
struct WebhookConfigurationTests {
    private func webhook(_ service: String?, namespace: String = "sts", bundle: String? = nil) -> JSONValue {
        var config: [JSONValue.Member] = []
        if let service {
            config.append(.init("service", ["name": .string(service), "namespace": .string(namespace)]))
        } else {
            config.append(.init("url", "https://example.com"))
        }
        if let bundle { config.append(.init("caBundle", .string(Data(bundle.utf8).base64EncodedString()))) }
        return ["name": "a.example.com", "clientConfig": .object(config)]
    }

    private func configuration(
        _ webhooks: [JSONValue], annotations: [String: String] = [:]
    ) throws -> WebhookConfiguration {
        let object = try #require(
            KubernetesObject([
                "metadata": [
                    "name": "sts-gateway-injector-one", "uid": "u", "resourceVersion": "7",
                    "annotations": .object(annotations.map { .init($0.key, .string($0.value)) }),
                ], "webhooks": .array(webhooks),
            ]))
        return WebhookConfiguration(object, service: "hook", namespace: "sts")
    }

    @Test("Only webhooks that call the gateway's Service are changed, and only where the CA bundle differs")
    func patches() throws {
        let configuration = try configuration([
            webhook("hook", bundle: "new"), webhook("other"), webhook("hook", namespace: "other"), webhook(nil),
            webhook("hook", bundle: "old"), webhook("hook"),
        ])
        #expect(configuration.callsGateway && !configuration.trusts("new") && configuration.otherInjector == nil)
        let value = JSONValue.string(Data("new".utf8).base64EncodedString())
        #expect(
            configuration.patch(trusting: "new") == [
                ["op": "test", "path": "/metadata/resourceVersion", "value": "7"],
                ["op": "add", "path": "/webhooks/4/clientConfig/caBundle", "value": value],
                ["op": "add", "path": "/webhooks/5/clientConfig/caBundle", "value": value],
            ])
        #expect(try self.configuration([webhook("hook", bundle: "new"), webhook("other")]).trusts("new"))
    }

    @Test(
        "A configuration without a webhook of the gateway is ignored, and that of cert-manager's injector is recognized"
    )
    func others() throws {
        #expect(try !configuration([webhook("other"), webhook(nil)]).callsGateway)
        #expect(try !configuration([]).callsGateway)
        let annotation = "cert-manager.io/inject-ca-from"
        #expect(
            try configuration([webhook("hook")], annotations: [annotation: "sts/x"]).otherInjector == annotation)
    }
}

import GatewayCore
import KubernetesAPI
import Testing

@Suite struct ServiceNameGatewayTests {
    @Test func `the gateway's Service is in its own namespace, or in default`() {
        #expect(ServiceName.gateway(in: "sts").host == "sts-gateway.sts.svc")
        #expect(ServiceName.gateway(in: nil).host == "sts-gateway.default.svc")
    }
}

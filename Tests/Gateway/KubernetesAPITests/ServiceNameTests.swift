import KubernetesAPI
import Testing

@Suite struct ServiceNameTests {
    @Test func `host names follow from the name and the namespace`() {
        let service = ServiceName("web", in: "shop")
        #expect(service.host == "web.shop.svc")
        #expect(service.hosts == ["web", "web.shop", "web.shop.svc", "web.shop.svc.cluster.local"])
    }

    @Test(arguments: ["web.shop.svc", "web.shop.svc.cluster.local", "WEB.shop.SVC", "web.shop.svc.example"])
    func `a host name below svc is parsed`(_ host: String) {
        #expect(ServiceName(host: host) == ServiceName("web", in: "shop"))
    }

    @Test(arguments: ["", "web", "web.shop", "sts.example.com", ".shop.svc", "web..svc", "-a.shop.svc"])
    func `any other host name is not a Service's`(_ host: String) {
        #expect(ServiceName(host: host) == nil)
    }
}

import GatewayServer
import Testing

@Suite("Texts of plugins in the output of commands")
struct CommandTextTests {
    @Test(
        "A command does not say that a gateway tries again, and names publish.caFile for certificates only",
        arguments: [
            ("store: no answer in time; the gateway tries again later", "store: no answer in time; try again later"),
            ("store: 503; the gateway tries again", "store: 503; try again"),
            (
                "sts: no address for sts.example; check network, proxy and publish.caFile; the gateway tries again",
                "sts: no address for sts.example; check the network and the proxy (HTTPS_PROXY); try again"
            ),
            (
                "sts: the certificate is not trusted; check network, proxy and publish.caFile",
                "sts: the certificate is not trusted; check network, proxy and publish.caFile"
            ),
            ("store: status 403", "store: status 403"),
        ])
    func texts(message: String, expected: String) {
        #expect(CommandText.of(message) == expected)
    }
}

import GatewayApp
import GranaryPlugin
import OIDCPlugin

/// `sts-gateway` with the Granary plugin and the built-in OIDC plugin.
@main
enum GranaryGateway {
    static func main() async { await GatewayProgram.main(plugins: [GranaryProvider.self, OIDCProvider.self]) }
}

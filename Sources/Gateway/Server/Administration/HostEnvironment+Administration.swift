import GatewayCore
import GatewayPluginAPI

extension HostEnvironment {
    /// What a command gives to the plugin of an endpoint.
    func administration(for endpoint: EndpointConfiguration) -> Administration {
        Administration(
            profile: administrator?.profile, accounts: endpoint.provision.accounts, programs: administrator?.programs)
    }
}

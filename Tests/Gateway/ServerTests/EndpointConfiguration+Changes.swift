import GatewayCore
import GatewayPluginAPI

extension EndpointConfiguration {
    /// What tests change of an endpoint.
    struct Parts {
        var name: String
        var endpoint: Endpoint
        var keypair: String?
        var token: TokenPolicy
        var rotation: Rotation
        var publisher: Publisher?
        var probe: Probe
        var allowsAnyOrigin: Bool
    }

    /// Another endpoint with these changes.
    func changed(_ change: (inout Parts) throws -> Void) rethrows -> EndpointConfiguration {
        var parts = Parts(
            name: name, endpoint: endpoint, keypair: keypair, token: token, rotation: rotation, publisher: publisher,
            probe: probe, allowsAnyOrigin: allowsAnyOrigin)
        try change(&parts)
        return EndpointConfiguration(
            name: parts.name, pluginID: pluginID, provider: provider, endpoint: parts.endpoint, path: path,
            policy: policy, keysURL: keysURL, keypair: parts.keypair, injector: injector, subjectToken: subjectToken,
            token: parts.token, rotation: parts.rotation, limits: limits, publisher: parts.publisher,
            probe: parts.probe, provision: provision, allowsAnyOrigin: parts.allowsAnyOrigin)
    }
}

/// Recognizes Pods that OpenUnison's webhook has injected (chart openunison-kube-sts,
/// templates/applications/sts-injector.yaml): the init container `sts-creds-sidecar`, whose last argument is the folder
/// `/tokens`, where it mounts the volume `sts-tokens` writable. Every container gets the variables of the endpoint, with
/// `/tokens/token.jwt` as the token file.
///
/// The recognition is no proof, since whoever creates a Pod writes its containers. It decides only whether that Pod keeps
/// the tokens of the other sidecar.
enum OpenUnisonSidecar {
    static let name = "sts-creds-sidecar"
    private static let folder = "/tokens"

    /// Whether the container is the sidecar. Other webhooks may have changed its image, command and resources.
    static func matches(_ container: ContainerReading) -> Bool {
        guard container.name == name, container.lastArgument == folder,
            container.pointer.tokens.contains("initContainers")
        else { return false }
        return container.mounts.contains {
            $0.volume == InjectedNames.tokenVolume && $0.path == folder && !$0.isPartial
        }
            && !container.mounts.contains { $0.volume == InjectedNames.subjectTokenVolume }
    }

    static func isPresent(in pod: PodReading) -> Bool { pod.initContainers.contains(where: matches) }

    /// Whether OpenUnison's webhook has injected the tokens of all these endpoints.
    static func provides(_ endpoints: [EndpointConfiguration], to pod: PodReading) -> Bool {
        guard isPresent(in: pod) else { return false }
        let names = VariableNames(endpoints.compactMap(\.injector.tokenVariable))
        let environments = pod.containers.map { $0.environment(of: names) }
        return endpoints.allSatisfy { endpoint in
            guard let variable = endpoint.injector.tokenVariable else { return false }
            return environments.contains { $0.literal(variable)?.hasPrefix(folder + "/") ?? false }
        }
    }
}

import GatewayCore

/// Why the admission policies of a configuration could not be in force.
enum AdmissionPolicyProblems {
    /// - Parameter namespace: the gateway's namespace; nil where it is not known.
    /// - Returns: none where the configuration does not ask for policies. With `auto` they are warnings, since the webhook
    ///   injects then.
    static func problems(of configuration: GatewayConfiguration, namespace: String?) -> [ConfigurationProblem] {
        let injection = configuration.injection
        guard injection.admission != .webhook else { return [] }
        let policy = InjectionPolicy(
            injection, namespace: namespace, standardImage: "sts-sidecar:\(GatewayVersion.current)", trust: nil,
            serverVersion: nil)
        do throws(AdmissionPolicyManifest.Unsupported) {
            _ = try AdmissionPolicyManifest(
                configuration.endpoints, injection, policy, namespace: namespace ?? "", version: GatewayVersion.current)
            return []
        } catch {
            return error.reasons.map {
                ConfigurationProblem(injection.admission == .auto ? .warning : .error, at: "injection.admission", $0)
            }
        }
    }
}

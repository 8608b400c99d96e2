import JSON

/// The response of an API server's `/version` (`version.Info` of k8s.io/apimachinery), which is readable without
/// authorization.
public enum VersionMessage {
    /// The path of the call.
    public static let path = "/version"

    private struct Wire: Decodable {
        let major: String
        let minor: String
    }

    /// Reads the version from the body of a response; nil if it has none.
    public static func version(in json: [UInt8]) -> KubernetesVersion? {
        guard let wire = try? JSONValue(parsing: json).decode(Wire.self) else { return nil }
        return KubernetesVersion(major: wire.major, minor: wire.minor)
    }
}

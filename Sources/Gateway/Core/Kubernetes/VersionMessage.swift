import JSON

/// What an API server tells of itself at `/version` (`version.Info` of k8s.io/apimachinery), which anybody may read.
package enum VersionMessage {
    package static let path = "/version"

    private struct Wire: Decodable {
        let major: String
        let minor: String
    }

    /// nil where the body is no such answer.
    package static func version(in json: [UInt8]) -> KubernetesVersion? {
        guard let wire = try? JSONValue(parsing: json).decode(Wire.self) else { return nil }
        return KubernetesVersion(major: wire.major, minor: wire.minor)
    }
}

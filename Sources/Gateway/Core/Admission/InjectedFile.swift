import GatewayPluginAPI
import JSON

/// A file that the sidecar writes beside the token file of an endpoint.
struct InjectedFile: Equatable {
    let endpoint: String
    let name: String
    let contents: String

    /// The path below the tokens' folder.
    var path: String { "\(endpoint)/\(name)" }

    /// The maximum length of all files of a Pod, in bytes of ``setting(_:)``. The limit of Linux for one variable is 128
    /// KiB.
    static let maximumLength = 65_536

    /// The value of `STS_FILES`: a JSON object of contents by path. It has no dollar sign, which Kubernetes would expand.
    static func setting(_ files: [InjectedFile]) -> String {
        let members = files.sorted { $0.path < $1.path }.map { JSONValue.Member($0.path, .string($0.contents)) }
        return JSONValue.object(members).text.split(separator: "$", omittingEmptySubsequences: false)
            .joined(separator: "\\u0024")
    }

    /// The files of an earlier injection, of those endpoints only; none where the value is not valid.
    static func list(setting: String, of endpoints: some Collection<String>) -> [InjectedFile] {
        guard setting.utf8.count <= maximumLength,
            case .object(let members)? = try? JSONValue(parsing: Array(setting.utf8))
        else { return [] }
        return members.compactMap { member in
            let parts = member.name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, endpoints.contains(parts[0]), PodInjection.File.isName(parts[1]),
                let contents = member.value.stringValue
            else { return nil }
            return InjectedFile(endpoint: parts[0], name: parts[1], contents: contents)
        }
    }
}

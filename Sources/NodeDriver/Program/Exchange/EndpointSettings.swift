import ExchangeClient
import Synchronization

/// The paths of the endpoints, from a ConfigMap of the chart. An endpoint that the file does
/// not name has the path `/<name>`.
///
/// The file is a JSON object: `{"<name>": {"path": "/accounts/prod", "renewBefore": 60}}`. Both members are optional.
final class EndpointSettings: Sendable {
    /// What an endpoint needs besides its name.
    struct Setting: Sendable, Equatable {
        /// Begins with a slash.
        var path: String
        /// How many seconds a token must remain valid when it is replaced; 0 for no rule.
        var remaining = 0
    }

    static let maximumBytes = 262_144

    private let file: String?
    private let cached: Mutex<(bytes: [UInt8], settings: [String: Setting])>

    init(file: String?) {
        self.file = file
        cached = Mutex((bytes: [], settings: [:]))
    }

    /// Reads the file, which the kubelet replaces. With an invalid one the last valid settings stay in force.
    func setting(of endpoint: String) -> Setting {
        let bytes = file.flatMap { try? BoundedFile.read($0, maximumBytes: Self.maximumBytes) }
        return cached.withLock { cached in
            if let bytes, bytes != cached.bytes {
                if let settings = Self.settings(bytes) {
                    cached = (bytes, settings)
                } else {
                    LogLine.write(
                        .warning(.endpointSettings), "endpoint settings are invalid",
                        [("file", LogLine.quote(file ?? ""))])
                    cached.bytes = bytes
                }
            }
            return cached.settings[endpoint] ?? Setting(path: "/\(endpoint)")
        }
    }

    /// - Returns: nil if the bytes are not such an object.
    static func settings(_ bytes: [UInt8]) -> [String: Setting]? {
        guard case .object(let members)? = JSONReader.read(bytes) else { return nil }
        var settings: [String: Setting] = [:]
        for (key, value) in members {
            let name = String(decoding: key, as: UTF8.self)
            let path = value["path"]?.text ?? "/\(name)"
            let remaining = value["renewBefore"]?.number ?? 0
            guard DNSLabel.isValid(name), path.hasPrefix("/"), (0...86_400).contains(remaining),
                path.utf8.allSatisfy({ byte in
                    (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || "-/".utf8.contains(byte)
                })
            else { return nil }
            settings[name] = .init(path: path, remaining: Int(remaining))
        }
        return settings
    }
}

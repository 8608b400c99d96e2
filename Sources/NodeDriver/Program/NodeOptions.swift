import ExchangeClient

/// The settings of the node driver. Each is a flag or an environment variable; the flag takes precedence.
struct NodeOptions: Equatable {
    var driver = ""
    var nodeID = ""
    var server: ServerAddress?
    var audience = ""
    var kubeletFolder = "/var/lib/kubelet"
    var caFile: String?
    var endpointsFile: String?
    var storage = VolumeFolder.Storage.tmpfs
    /// Permission bits of token files.
    var tokenMode: UInt32 = 0o644
    /// Concurrent exchanges.
    var concurrency = 16
    /// Seconds for one exchange.
    var timeout = 10
    /// The address and the port of `/livez` and `/metrics`; nil for none.
    var admin: (host: String, port: Int)?

    static func == (one: NodeOptions, other: NodeOptions) -> Bool {
        one.driver == other.driver && one.nodeID == other.nodeID && one.server == other.server
            && one.audience == other.audience && one.kubeletFolder == other.kubeletFolder
            && one.caFile == other.caFile && one.endpointsFile == other.endpointsFile && one.storage == other.storage
            && one.tokenMode == other.tokenMode && one.concurrency == other.concurrency
            && one.timeout == other.timeout && one.admin?.host == other.admin?.host
            && one.admin?.port == other.admin?.port
    }

    /// The folder of the driver: its socket, its lock and the gateway's CA bundle.
    var pluginFolder: String { "\(kubeletFolder)/plugins/\(driver)" }
    var socket: String { "\(pluginFolder)/csi.sock" }
    var registrationSocket: String { "\(kubeletFolder)/plugins_registry/\(driver)-reg.sock" }

    static let table: [ProgramSettings.Row] = [
        ("--driver", "STS_NODE_DRIVER", "name of the CSIDriver object"),
        ("--node-id", "STS_NODE_ID", "name of this node"),
        ("--server", "STS_SERVER", "URL of the gateway, https://host[:port]"),
        ("--audience", "STS_AUDIENCE", "audience of the Pods' ServiceAccount tokens, as in the CSIDriver object"),
        ("--kubelet-folder", "STS_KUBELET_FOLDER", "root folder of the kubelet (/var/lib/kubelet)"),
        ("--ca-file", "STS_CA_FILE", "FILE: PEM certificates to trust first; none: the public CAs"),
        ("--endpoints-file", "STS_ENDPOINTS_FILE", "FILE: paths of endpoints, a JSON object; none: /NAME"),
        ("--storage", "STS_NODE_STORAGE", "tmpfs (default), or files: on the disk of the node"),
        ("--token-mode", "STS_TOKEN_MODE", "octal permissions of token files (0644)"),
        ("--concurrency", "STS_NODE_CONCURRENCY", "maximum of concurrent exchanges (16)"),
        ("--timeout", "STS_TIMEOUT", "maximum seconds of one exchange (10)"),
        ("--admin-listen", "STS_NODE_ADMIN_LISTEN", "ADDRESS:PORT of /livez and /metrics; none by default"),
    ]

    typealias Problems = ProgramSettings.Problems

    init(arguments: [String], environment: (String) -> String?) throws(Problems) {
        var problems = Problems()
        let values = ProgramSettings(
            arguments, environment: environment, table: Self.table, program: "sts-node", &problems)
        read(values, &problems)
        guard problems.texts.isEmpty else { throw problems }
    }

    private mutating func read(_ values: ProgramSettings, _ problems: inout Problems) {
        for flag in ["--driver", "--node-id", "--server", "--audience"] where values[flag] == nil {
            problems.texts.append("\(flag): missing required option")
        }
        driver = values["--driver"] ?? ""
        if !driver.isEmpty,
            driver.utf8.count > 63 || driver.hasPrefix(".")
                || !driver.split(separator: ".", omittingEmptySubsequences: false).allSatisfy({
                    DNSLabel.isValid(String($0))
                })
        {
            problems.texts.append("--driver: invalid name \"\(driver)\"; expected a DNS name of at most 63 characters")
        }
        nodeID = values["--node-id"] ?? ""
        audience = values["--audience"] ?? ""
        server = values.server(&problems)
        if let folder = values["--kubelet-folder"] {
            kubeletFolder = folder
            while kubeletFolder.hasSuffix("/") { kubeletFolder.removeLast() }
            if !kubeletFolder.hasPrefix("/") {
                problems.texts.append("--kubelet-folder: invalid path \"\(folder)\"; expected an absolute path")
            }
        }
        caFile = values["--ca-file"]
        endpointsFile = values["--endpoints-file"]
        if let text = values["--storage"] {
            if let storage = VolumeFolder.Storage(rawValue: text) {
                self.storage = storage
            } else {
                problems.texts.append("--storage: invalid value \"\(text)\"; expected tmpfs or files")
            }
        }
        tokenMode = values.tokenMode(&problems) ?? tokenMode
        concurrency = number("--concurrency", values, 1...64, &problems) ?? concurrency
        timeout = number("--timeout", values, 1...100, &problems) ?? timeout
        if let text = values["--admin-listen"] {
            if let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
                (0...65_535).contains(port), colon > text.startIndex
            {
                admin = (text[..<colon].filter { $0 != "[" && $0 != "]" }, port)
            } else {
                problems.texts.append("--admin-listen: invalid address \"\(text)\"; expected ADDRESS:PORT")
            }
        }
    }

    private func number(
        _ flag: String, _ values: ProgramSettings, _ range: ClosedRange<Int>, _ problems: inout Problems
    ) -> Int? {
        guard let text = values[flag] else { return nil }
        if let number = Int(text), range.contains(number) { return number }
        problems.texts.append(
            "\(flag): invalid number \"\(text)\"; expected \(range.lowerBound) to \(range.upperBound)")
        return nil
    }
}

import ExchangeClient

/// The settings of the sidecar. Each is a flag or an environment variable; the flag takes precedence.
struct Options: Equatable {
    struct Endpoint: Equatable {
        /// A DNS label, which is also the name of the token's folder.
        let name: String
        /// Begins with a slash.
        let path: String
        /// How many seconds a token must remain valid when it is replaced; 0 for no rule.
        var remaining = 0
        /// The requested lifetime of tokens in seconds; nil for the endpoint's.
        var lifetime: Int?
        /// Files beside the token file.
        var files: [RenderedFile] = []
    }

    var server: ServerAddress?
    var endpoints: [Endpoint] = []
    var subjectTokenFile = "/var/run/secrets/sts-gateway/serviceaccount/token"
    var tokenDirectory = "/var/run/secrets/sts"
    /// Permission bits of token files.
    var tokenMode: UInt32 = 0o644
    var wire = TokenRequest.Wire.rfc8693
    var caFile: String?
    var caCertificates: String?
    /// Where the gateway's `/ca-bundle` is stored; nil if it is not read.
    var caCache: String?
    /// Seconds for one exchange. All durations are in seconds.
    var timeout = 10
    var deadline = 120
    /// How long `run` goes on after SIGTERM; 0 for not at all.
    var linger = 0
    var terminationLog = "/dev/termination-log"

    func tokenFile(_ endpoint: Endpoint) -> String { path("token", endpoint) }

    /// The path of a file beside the token file.
    func path(_ name: String, _ endpoint: Endpoint) -> String { "\(tokenDirectory)/\(endpoint.name)/\(name)" }

    /// The flag, the environment variable and the help text of each setting.
    static let table: [ProgramSettings.Row] = [
        ("--server", "STS_SERVER", "URL of the gateway, https://host[:port]; with --wire stock the whole …/token/user"),
        ("--endpoint", "STS_ENDPOINTS", "NAME[=/PATH], once for each endpoint (variable: separated by commas)"),
        ("--subject-token-file", "STS_SUBJECT_TOKEN_FILE", "FILE: the projected ServiceAccount token"),
        ("--token-directory", "STS_TOKEN_DIRECTORY", "DIRECTORY: tokens are written to DIRECTORY/NAME/token"),
        ("--token-mode", "STS_TOKEN_MODE", "octal permissions of token files (0644)"),
        ("--files", "STS_FILES", "JSON object of files to write beside the tokens: {\"NAME/FILE\": \"CONTENT\"}"),
        ("--renew-before", "STS_RENEW_BEFORE", "NAME=DURATION[,…]: how long a token stays valid when it is replaced"),
        ("--lifetime", "STS_LIFETIMES", "NAME=DURATION[,…]: the requested lifetime of tokens; the endpoint limits it"),
        ("--wire", "STS_WIRE", "rfc8693 (default), or stock: OpenUnison-compatible"),
        ("--ca-file", "STS_CA_FILE", "FILE: PEM certificates to trust"),
        ("--ca-certificates", "STS_CA_CERTIFICATES", "PEM text to trust"),
        ("--ca-cache", "STS_CA_CACHE", "FILE that stores the gateway's /ca-bundle, or none"),
        ("--timeout", "STS_TIMEOUT", "maximum time of one exchange (10s)"),
        ("--deadline", "STS_DEADLINE", "maximum time of the command once (120s)"),
        ("--linger", "STS_LINGER", "time for which the command run goes on after SIGTERM (0s)"),
        ("--termination-log", "STS_TERMINATION_LOG", "FILE for the last error (/dev/termination-log)"),
    ]

    typealias Problems = ProgramSettings.Problems

    /// - Parameters:
    ///   - arguments: those after the command.
    ///   - needsServer: whether the command connects to the gateway.
    init(
        arguments: [String], environment: (String) -> String?, needsServer: Bool = true
    ) throws(Problems) {
        var problems = Problems()
        let values = ProgramSettings(
            arguments, environment: environment, table: Self.table, program: "sts-sidecar", list: "--endpoint",
            &problems)
        read(values, needsServer, &problems)
        guard problems.texts.isEmpty else { throw problems }
    }

    private mutating func read(
        _ values: ProgramSettings, _ needsServer: Bool, _ problems: inout Problems
    ) {
        if let wire = values["--wire"] {
            if let known = TokenRequest.Wire(rawValue: wire) {
                self.wire = known
            } else {
                problems.texts.append("--wire: invalid value \"\(wire)\"; expected rfc8693 or stock")
            }
        }
        subjectTokenFile = values["--subject-token-file"] ?? subjectTokenFile
        tokenDirectory = values["--token-directory"] ?? tokenDirectory
        while tokenDirectory.count > 1, tokenDirectory.hasSuffix("/") { tokenDirectory.removeLast() }
        terminationLog = values["--termination-log"] ?? terminationLog
        caFile = values["--ca-file"]
        caCertificates = values["--ca-certificates"]
        if caFile == nil, caCertificates == nil { caFile = TrustedCertificates.systemBundle }
        let cache = values["--ca-cache"] ?? "\(tokenDirectory)/.ca-bundle.pem"
        caCache = cache == "none" || wire == .openUnison ? nil : cache
        tokenMode = values.tokenMode(&problems) ?? tokenMode
        timeout = Self.duration("--timeout", values["--timeout"], 1...300, &problems) ?? timeout
        deadline = Self.duration("--deadline", values["--deadline"], 1...86_400, &problems) ?? deadline
        linger = Self.duration("--linger", values["--linger"], 0...86_400, &problems) ?? linger
        server = values.server(&problems)
        if let server, wire == .openUnison, !server.path.hasSuffix("/token/user") {
            problems.texts.append(
                "--server: invalid URL \"\(values["--server"] ?? "")\" for --wire stock; expected one that ends in "
                    + "/token/user")
        } else if values["--server"] == nil, needsServer {
            problems.texts.append("--server: missing required option; set it or STS_SERVER")
        }
        readEndpoints(values.list("--endpoint"), &problems)
        readDurations("--renew-before", values, 0...86_400, &problems) { $0.remaining = $1 }
        readDurations("--lifetime", values, 60...86_400, &problems) { $0.lifetime = $1 }
        if let files = values["--files"] { readFiles(files, &problems) }
    }

    /// Reads a list of durations of endpoints.
    private mutating func readDurations(
        _ flag: String, _ values: ProgramSettings, _ range: ClosedRange<Int>, _ problems: inout Problems,
        _ set: (inout Endpoint, Int) -> Void
    ) {
        for entry in (values[flag] ?? "").split(separator: ",") {
            let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { String($0) }
            guard parts.count == 2, let index = endpoints.firstIndex(where: { $0.name == parts[0] }) else {
                problems.texts.append("\(flag): \"\(entry)\" names no endpoint; expected NAME=DURATION")
                continue
            }
            if let seconds = Self.duration(flag, parts[1], range, &problems) { set(&endpoints[index], seconds) }
        }
    }

    private mutating func readFiles(_ text: String, _ problems: inout Problems) {
        guard let files = RenderedFile.list(text) else {
            problems.texts.append(
                "--files: invalid value; expected a JSON object of at most \(RenderedFile.maximumBytes) bytes, such as "
                    + "{\"aws/config.json\": \"{}\"}")
            return
        }
        for (endpoint, file) in files {
            guard let index = endpoints.firstIndex(where: { $0.name == endpoint }) else {
                problems.texts.append("--files: \"\(endpoint)/\(file.name)\" names no endpoint")
                continue
            }
            endpoints[index].files.append(file)
        }
    }

    private mutating func readEndpoints(_ texts: [String], _ problems: inout Problems) {
        for text in texts.isEmpty && wire == .openUnison ? ["token"] : texts {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            let path = parts.count == 2 ? String(parts[1]) : "/\(name)"
            let letters = "abcdefghijklmnopqrstuvwxyz0123456789-"
            if !(1...63).contains(name.utf8.count) || !name.allSatisfy(letters.contains) || name.hasPrefix("-")
                || name.hasSuffix("-")
            {
                problems.texts.append("--endpoint: invalid name \"\(name)\"; expected a DNS label")
            } else if !path.hasPrefix("/") || path.hasSuffix("/") || !path.allSatisfy((letters + "/").contains) {
                problems.texts.append("--endpoint: invalid path \"\(path)\"; expected one such as /aws")
            } else if endpoints.contains(where: { $0.name == name }) {
                problems.texts.append("--endpoint: duplicate name \"\(name)\"; use a different name")
            } else {
                endpoints.append(Endpoint(name: name, path: path))
            }
        }
        if texts.isEmpty, wire != .openUnison {
            problems.texts.append("--endpoint: missing required option; set it or STS_ENDPOINTS")
        } else if wire == .openUnison, endpoints.count > 1 {
            problems.texts.append("--endpoint: \(endpoints.count) endpoints; --wire stock supports one")
        }
    }

    private static func duration(
        _ flag: String, _ text: String?, _ range: ClosedRange<Int>, _ problems: inout Problems
    ) -> Int? {
        guard let text else { return nil }
        let factor = ["s": 1, "m": 60, "h": 3600][text.last ?? " "]
        guard let factor, let number = Int(text.dropLast()), (0...86_400).contains(number),
            range.contains(number * factor)
        else {
            problems.texts.append(
                "\(flag): invalid duration \"\(text)\"; expected \(range.lowerBound)s to \(range.upperBound)s, "
                    + "such as 10s, 2m or 1h")
            return nil
        }
        return number * factor
    }
}

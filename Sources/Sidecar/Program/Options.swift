/// The settings of the sidecar: each a flag, or a variable of the environment that holds where there is no flag.
struct Options: Equatable {
    struct Endpoint: Equatable {
        /// A DNS label: the name of the token's folder.
        let name: String
        /// With a first slash.
        let path: String
    }

    var server: ServerAddress?
    var endpoints: [Endpoint] = []
    var subjectTokenFile = "/var/run/secrets/sts-gateway/serviceaccount/token"
    var tokenDirectory = "/var/run/secrets/sts"
    /// Permission bits of token files.
    var tokenMode: UInt32 = 0o644
    var wire = TokenCall.Wire.rfc8693
    var caFile: String?
    var caCertificates: String?
    /// nil where no bundle is learned.
    var caCache: String?
    /// Seconds, as all durations.
    var timeout = 10
    var deadline = 120
    var terminationLog = "/dev/termination-log"

    func tokenFile(_ endpoint: Endpoint) -> String { "\(tokenDirectory)/\(endpoint.name)/token" }

    /// Flag, variable, what it means.
    static let table: [(flag: String, variable: String, help: String)] = [
        ("--server", "STS_SERVER", "URL: the gateway, https://host[:port]; on the stock wire the whole …/token/user"),
        ("--endpoint", "STS_ENDPOINTS", "NAME[=/PATH], again for each (the variable: a list with commas)"),
        ("--subject-token-file", "STS_SUBJECT_TOKEN_FILE", "FILE: the projected ServiceAccount token"),
        ("--token-directory", "STS_TOKEN_DIRECTORY", "FOLDER: tokens go to FOLDER/NAME/token"),
        ("--token-mode", "STS_TOKEN_MODE", "octal permissions of token files (0644)"),
        ("--wire", "STS_WIRE", "rfc8693 (default) or stock"),
        ("--ca-file", "STS_CA_FILE", "FILE: PEM certificates to trust"),
        ("--ca-certificates", "STS_CA_CERTIFICATES", "PEM text to trust"),
        ("--ca-cache", "STS_CA_CACHE", "FILE that keeps what /ca-bundle says, or none"),
        ("--timeout", "STS_TIMEOUT", "longest single exchange (10s)"),
        ("--deadline", "STS_DEADLINE", "longest time of once (120s)"),
        ("--termination-log", "STS_TERMINATION_LOG", "FILE for the last reason (/dev/termination-log)"),
    ]

    /// All that is wrong with the settings, at once.
    struct Problems: Error, Equatable {
        var texts: [String]
    }

    /// - Parameters:
    ///   - arguments: after the command.
    ///   - needsServer: whether the command talks to the gateway.
    init(
        arguments: [String], environment: (String) -> String?, needsServer: Bool = true
    ) throws(Problems) {
        var problems = Problems(texts: [])
        var values: [String: [String]] = [:]
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let equals = argument.firstIndex(of: "=")
            let flag = argument.hasPrefix("--") ? String(argument[..<(equals ?? argument.endIndex)]) : argument
            guard Self.table.contains(where: { $0.flag == flag }) else {
                problems.texts.append("\"\(flag)\" is no option; sts-sidecar --help lists them")
                continue
            }
            if let equals, argument.hasPrefix("--") {
                values[flag, default: []].append(String(argument[argument.index(after: equals)...]))
            } else if let value = rest.popFirst() {
                values[flag, default: []].append(value)
            } else {
                problems.texts.append("\(flag): has no value")
            }
        }
        for entry in Self.table where values[entry.flag] == nil {
            guard let value = environment(entry.variable), !value.isEmpty else { continue }
            values[entry.flag] =
                entry.flag == "--endpoint" ? value.split(separator: ",").map { String($0) } : [value]
        }
        for (flag, given) in values.sorted(by: { $0.key < $1.key }) where flag != "--endpoint" && given.count > 1 {
            problems.texts.append("\(flag): is given \(given.count) times; give it once")
        }
        read(values.compactMapValues(\.last), endpoints: values["--endpoint"] ?? [], needsServer, &problems)
        guard problems.texts.isEmpty else { throw problems }
    }

    private mutating func read(
        _ values: [String: String], endpoints: [String], _ needsServer: Bool, _ problems: inout Problems
    ) {
        if let wire = values["--wire"] {
            if let known = TokenCall.Wire(rawValue: wire) {
                self.wire = known
            } else {
                problems.texts.append("--wire: \"\(wire)\" is neither rfc8693 nor stock")
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
        caCache = cache == "none" || wire == .stock ? nil : cache
        if let mode = values["--token-mode"] {
            if let bits = UInt32(mode, radix: 8), bits <= 0o777, bits & 0o400 != 0 {
                tokenMode = bits
            } else {
                problems.texts.append("--token-mode: \"\(mode)\" is no octal mode that lets the owner read, as 0644")
            }
        }
        timeout = duration("--timeout", values, 1...300, &problems) ?? timeout
        deadline = duration("--deadline", values, 1...86_400, &problems) ?? deadline
        if let server = values["--server"] {
            self.server = ServerAddress(server)
            if self.server == nil {
                problems.texts.append("--server: \"\(server)\" is not https://host[:port][/path]")
            } else if wire == .stock, self.server?.path.hasSuffix("/token/user") != true {
                problems.texts.append("--server: \"\(server)\" does not end in /token/user, as the stock wire's does")
            }
        } else if needsServer {
            problems.texts.append("--server: is missing; set it, or STS_SERVER")
        }
        readEndpoints(endpoints, &problems)
    }

    private mutating func readEndpoints(_ texts: [String], _ problems: inout Problems) {
        for text in texts.isEmpty && wire == .stock ? ["token"] : texts {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            let path = parts.count == 2 ? String(parts[1]) : "/\(name)"
            let letters = "abcdefghijklmnopqrstuvwxyz0123456789-"
            if !(1...63).contains(name.utf8.count) || !name.allSatisfy(letters.contains) || name.hasPrefix("-")
                || name.hasSuffix("-")
            {
                problems.texts.append("--endpoint: \"\(name)\" is no DNS label")
            } else if !path.hasPrefix("/") || path.hasSuffix("/") || !path.allSatisfy((letters + "/").contains) {
                problems.texts.append("--endpoint: \"\(path)\" is no path of an endpoint, as /aws")
            } else if endpoints.contains(where: { $0.name == name }) {
                problems.texts.append("--endpoint: \"\(name)\" is there twice")
            } else {
                endpoints.append(Endpoint(name: name, path: path))
            }
        }
        if texts.isEmpty, wire != .stock {
            problems.texts.append("--endpoint: is missing; name one, or set STS_ENDPOINTS")
        } else if wire == .stock, endpoints.count > 1 {
            problems.texts.append("--endpoint: the stock wire has one endpoint, and \(endpoints.count) are named")
        }
    }

    private func duration(
        _ flag: String, _ values: [String: String], _ range: ClosedRange<Int>, _ problems: inout Problems
    ) -> Int? {
        guard let text = values[flag] else { return nil }
        let factor = ["s": 1, "m": 60, "h": 3600][text.last ?? " "]
        guard let factor, let number = Int(text.dropLast()), (0...86_400).contains(number),
            range.contains(number * factor)
        else {
            problems.texts.append(
                "\(flag): \"\(text)\" is no time from \(range.lowerBound)s to \(range.upperBound)s, as 10s, 2m or 1h")
            return nil
        }
        return number * factor
    }
}

import ExchangeClient

/// What a publish request may say. Everything in a request but the token is written by the Pod's author: only endpoint
/// names, lifetimes and rendered files are taken from it, within limits.
struct VolumeRequest: Equatable {
    static let maximumEndpoints = 16
    /// The maximum lengths of the attributes in bytes: that of names is the length of as many DNS labels with their commas.
    static let maximumLengths = (endpoints: 64 * maximumEndpoints, lifetimes: 2_048)
    /// The lifetimes that a volume may request, in seconds. The gateway limits them further.
    static let lifetimes = 60...86_400

    private static let tokens = "csi.storage.k8s.io/serviceAccount.tokens"

    struct Endpoint: Equatable {
        /// A DNS label, which is also the name of the token's folder.
        let name: String
        let files: [RenderedFile]
        /// The requested lifetime of tokens in seconds; nil for the endpoint's.
        let lifetime: Int?
    }

    let target: TargetPath
    let endpoints: [Endpoint]
    /// `<namespace>/<name>` of the Pod, for the log only.
    let pod: String

    /// - Throws: if the request is not one that the kubelet makes for an inline volume of this driver.
    init(_ message: PublishMessage, kubeletFolder: String) throws(RPCError) {
        guard !message.volumeID.isEmpty else { throw RPCError(.invalidArgument, "missing volume_id") }
        guard let target = TargetPath(message.targetPath, kubeletFolder: kubeletFolder) else {
            throw RPCError(
                .invalidArgument,
                "invalid target_path; expected <kubelet folder>/pods/<uid>/volumes/kubernetes.io~csi/<name>/mount")
        }
        guard message.volumeContext["csi.storage.k8s.io/ephemeral"] == "true" else {
            throw RPCError(
                .invalidArgument, "not an inline volume; this driver does not support PersistentVolumes")
        }
        guard message.isReadOnly else {
            throw RPCError(.invalidArgument, "the volume is writable; set readOnly: true in its csi source")
        }
        self.target = target
        endpoints = try Self.endpoints(message.volumeContext)
        let parts = ["csi.storage.k8s.io/pod.namespace", "csi.storage.k8s.io/pod.name"]
            .map { message.volumeContext[$0] ?? "" }
        pod = parts.allSatisfy(Self.isName) ? parts.joined(separator: "/") : ""
    }

    /// Lower-case letters, digits, `-` and `.`, as in the name of a namespace or a Pod.
    private static func isName(_ text: String) -> Bool {
        (1...253).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || "-.".utf8.contains(byte)
            }
    }

    private static func endpoints(_ context: [String: String]) throws(RPCError) -> [Endpoint] {
        let text = context["endpoints"] ?? ""
        // Longer ones are not split.
        let names =
            text.utf8.count <= maximumLengths.endpoints
            ? text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) : []
        guard (1...maximumEndpoints).contains(names.count), names.allSatisfy(DNSLabel.isValid),
            Set(names).count == names.count
        else {
            throw RPCError(
                .invalidArgument,
                "invalid volume attribute \"endpoints\"; expected 1 to \(maximumEndpoints) different DNS labels, "
                    + "separated by commas")
        }
        guard let files = RenderedFile.list(context["files"] ?? "{}") else {
            throw RPCError(
                .invalidArgument,
                "invalid volume attribute \"files\"; expected a JSON object of at most \(RenderedFile.maximumBytes) "
                    + "bytes with the members NAME/FILE")
        }
        guard files.allSatisfy({ names.contains($0.endpoint) }) else {
            throw RPCError(.invalidArgument, "a path in the volume attribute \"files\" names no endpoint")
        }
        let lifetimes = try lifetimes(context["lifetimes"] ?? "", of: names)
        return names.map { name in
            Endpoint(
                name: name, files: files.filter { $0.endpoint == name }.map(\.file), lifetime: lifetimes[name])
        }
    }

    /// Reads `NAME=SECONDSs`, separated by commas.
    private static func lifetimes(_ text: String, of names: [String]) throws(RPCError) -> [String: Int] {
        var found: [String: Int] = [:]
        let entries =
            text.utf8.count <= maximumLengths.lifetimes
            ? text.split(separator: ",", omittingEmptySubsequences: false) : [""]
        for entry in text.isEmpty ? [] : entries {
            let parts = entry.split(separator: "=", omittingEmptySubsequences: false)
            let digits = parts.last.map { $0.hasSuffix("s") ? $0.dropLast() : "" } ?? ""
            guard parts.count == 2, names.contains(String(parts[0])), found[String(parts[0])] == nil,
                (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let seconds = Int(digits), lifetimes.contains(seconds)
            else {
                throw RPCError(
                    .invalidArgument,
                    "invalid volume attribute \"lifetimes\"; expected NAME=DURATION of different endpoints of the volume, "
                        + "separated by commas, each \(lifetimes.lowerBound)s to \(lifetimes.upperBound)s")
            }
            found[String(parts[0])] = seconds
        }
        return found
    }

    /// The Pod's ServiceAccount token for the audience: in `secrets` where the CSIDriver has
    /// `serviceAccountTokenInSecrets: true`, else in `volume_context`.
    static func subjectToken(_ message: PublishMessage, audience: String) throws(RPCError) -> SubjectToken {
        guard let text = message.secrets[tokens] ?? message.volumeContext[tokens] else {
            throw RPCError(
                .failedPrecondition,
                "the request has no ServiceAccount token; set tokenRequests in the CSIDriver object")
        }
        guard let json = JSONReader.read(Array(text.utf8)), let token = json[audience]?["token"]?.text else {
            throw RPCError(
                .failedPrecondition,
                "the request has no ServiceAccount token for the audience \"\(audience)\"; correct tokenRequests in the "
                    + "CSIDriver object, or --audience")
        }
        do throws(SidecarError) {
            return try SubjectToken(Array(token.utf8), from: "the ServiceAccount token of the request")
        } catch {
            throw RPCError(.failedPrecondition, error.codedReason)
        }
    }
}

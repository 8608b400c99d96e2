import FoundationEssentials
import JSON

/// A program that prints credentials: `exec` of a user in a kubeconfig ("client-go credential plugins").
///
/// Its `description` is redacted, since arguments and variables may be secrets.
public struct CredentialPlugin: Sendable, Equatable {
    /// `client.authentication.k8s.io/v1` or `…/v1beta1`.
    public let apiVersion: String
    /// The program: a path, or a name without a slash that is searched in `PATH`.
    public let command: String
    /// The program's arguments.
    public let arguments: [String]
    /// Variables in addition to those of this process.
    public let variables: [String: String]
    /// What to do where the program is missing; nil for nothing.
    public let installHint: String?
    /// `KUBERNETES_EXEC_INFO`.
    let information: JSONValue

    /// The maximum time of a run in seconds.
    public static let timeout = 60
    /// The maximum size of its output in bytes.
    public static let maximumOutput = 64 << 10

    static let versions = ["v1", "v1beta1"].map { "client.authentication.k8s.io/\($0)" }

    /// The words of the command line.
    public var words: [String] { [command] + arguments }

    /// The variables of the program in addition to those of this process, with `KUBERNETES_EXEC_INFO`.
    public var environment: [String: String] {
        variables.merging(["KUBERNETES_EXEC_INFO": information.text]) { $1 }
    }

    /// Adds the credentials of the program's output to an access.
    ///
    /// - Throws: what is missing, without anything of the output.
    public func credentials(
        in output: [UInt8], for access: ClusterAccess
    ) throws(KubernetesConnectionError) -> ClusterAccess {
        struct Credential: Decodable {
            struct Status: Decodable {
                let token: String?
                let clientCertificateData: String?
                let clientKeyData: String?
            }

            let apiVersion: String
            let kind: String
            let status: Status?
        }
        guard let credential = try? JSONValue(parsing: output).decode(Credential.self),
            credential.kind == "ExecCredential", let status = credential.status
        else { throw problem("did not print an ExecCredential with a status; sign in again, or run it by hand") }
        guard credential.apiVersion.isExactly(apiVersion) else {
            throw problem("printed another apiVersion than \(apiVersion); set the apiVersion that it supports")
        }
        func text(_ value: String?) -> String? { value.flatMap { $0.isEmpty ? nil : $0 } }
        var access = access
        access.plugin = nil
        access.token = text(status.token).map { .bytes(Array($0.utf8)) }
        switch (text(status.clientCertificateData), text(status.clientKeyData)) {
        case (let chain?, let key?):
            access.clientCertificate = .init(chain: .bytes(Array(chain.utf8)), key: .bytes(Array(key.utf8)))
        case (nil, nil):
            guard access.token != nil else { throw problem("printed no credential; sign in again") }
        default: throw problem("printed a client certificate without its key, or a key without its certificate")
        }
        return access
    }

    /// The error of a run that has failed.
    ///
    /// - Parameter reason: in lower case, without anything of the output.
    public func problem(_ reason: String) -> KubernetesConnectionError {
        KubernetesConnectionError("credential plugin \(name) \(reason)")
    }

    /// The program's file name in quotes, with only printable ASCII characters.
    public var name: String {
        let file = command.split(separator: "/").last.map(String.init) ?? command
        let characters = file.unicodeScalars.prefix(64).map { (0x20...0x7E).contains($0.value) ? String($0) : "?" }
        return "\"\(characters.joined())\""
    }
}

extension CredentialPlugin: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The program's file name.
    public var description: String { name }
    /// The same as ``description``.
    public var debugDescription: String { name }
    /// Without children.
    public var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}

extension KubeconfigReader {
    /// Reads `exec` of a user.
    mutating func plugin(_ exec: Block, cluster: Block, access: ClusterAccess) -> CredentialPlugin? {
        guard exec.isMapping else {
            problem(exec.keyPath, "invalid value; expected a mapping with apiVersion and command")
            return nil
        }
        let version = text(exec, "apiVersion")
        let expected = CredentialPlugin.versions.joined(separator: " or ")
        if version.map(CredentialPlugin.versions.containsExactly) != true {
            problem(exec.below("apiVersion"), "not supported; expected \(expected)")
        }
        let command = text(exec, "command")
        if command == nil { problem(exec.below("command"), "missing required key; name the program") }
        if text(exec, "interactiveMode")?.isExactly("Always") == true {
            problem(
                exec.below("interactiveMode"),
                "not supported: the program would ask questions; use one that does not, or tokenFile")
        }
        var arguments: [String] = []
        for (index, value) in (exec["args"]?.json.elementList ?? []).enumerated() {
            guard let text = value.stringValue else {
                problem(exec.below("args[\(index)]"), "invalid value; expected a string")
                continue
            }
            arguments.append(text)
        }
        var variables: [String: String] = [:]
        for (index, value) in (exec["env"]?.json.elementList ?? []).enumerated() {
            guard let name = value["name"]?.stringValue, !name.isEmpty, !name.contains("=") else {
                problem(exec.below("env[\(index)].name"), "missing required key; write the variable's name")
                continue
            }
            variables[name] = value["value"]?.stringValue ?? ""
        }
        guard let version, let command, CredentialPlugin.versions.containsExactly(version) else { return nil }
        let texts = [command] + arguments + variables.flatMap { [$0.key, $0.value] }
        guard !texts.contains(where: { $0.utf8.contains(0) }) else {
            problem(exec.keyPath, "a NUL character in a text; remove it")
            return nil
        }
        let passesCluster =
            exec["provideClusterInfo"].map {
                $0.json == .bool(true) || text(exec, "provideClusterInfo")?.lowercased() == "true"
            } ?? false
        return CredentialPlugin(
            apiVersion: version, command: command.contains("/") ? path(command) : command, arguments: arguments,
            variables: variables, installHint: text(exec, "installHint"),
            information: information(version, passesCluster ? (cluster, access) : nil))
    }

    /// The ExecCredential of `KUBERNETES_EXEC_INFO`.
    private mutating func information(
        _ version: String, _ cluster: (block: Block, access: ClusterAccess)?
    ) -> JSONValue {
        var spec: [JSONValue.Member] = [.init("interactive", false)]
        if let (block, access) = cluster {
            let server = access.server
            var members: [JSONValue.Member] = [
                .init("server", .string("https://\(server.authority)\(server.basePath)"))
            ]
            if let name = access.serverName { members.append(.init("tls-server-name", .string(name))) }
            if let data = authorityData(access.authority) {
                members.append(.init("certificate-authority-data", .string(data)))
            }
            let extensions = block["extensions"]?.json.elementList ?? []
            let own = extensions.first { $0["name"]?.stringValue == "client.authentication.k8s.io/exec" }
            if let configuration = own?["extension"] { members.append(.init("config", configuration)) }
            spec.append(.init("cluster", .object(members)))
        }
        return ["kind": "ExecCredential", "apiVersion": .string(version), "spec": .object(spec)]
    }

    private func authorityData(_ material: ClusterAccess.Material?) -> String? {
        switch material {
        case .bytes(let bytes): Data(bytes).base64EncodedString()
        case .file(let path): FileManager.default.contents(atPath: path)?.base64EncodedString()
        case nil: nil
        }
    }
}

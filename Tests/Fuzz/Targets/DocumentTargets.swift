import AWSXML
import FoundationEssentials
import GatewayCore
import GatewayServer
import GatewayTestSupport
import JOSE
import JSON
import Kubernetes
import Logging

extension FuzzTarget {
    static let pem = FuzzTarget("pem") { input in
        let text = String(decoding: input, as: UTF8.self)
        if let certificate = KeyCertificate(pem: text) {
            try FuzzFinding.unless(
                KeyCertificate(pem: certificate.pem) == certificate, "the printed certificate is another one")
        }
        for algorithm in SignatureAlgorithm.allCases {
            do {
                let key = try SigningKey(pem: text, algorithm: algorithm)
                try FuzzFinding.unless("\(key) \(String(reflecting: key))", hides: input)
                try FuzzFinding.unless(
                    try SigningKey(pem: key.pkcs8PEM, algorithm: algorithm).keyID == key.keyID,
                    "the printed key is another one")
            } catch let error as JOSEError {
                try FuzzFinding.unless("\(error)", hides: input)
            }
        }
    }

    static let xml = FuzzTarget("xml") { input in _ = try? XMLElement(parsing: input) }

    static let configuration = FuzzTarget(
        "configuration"
    ) { input in
        guard let node = try? YAMLConfigurationSource.parse(utf8: input) else { return }
        let context = ConfigurationContext(
            namespace: "sts", logger: Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() })
        let plugins = PluginCatalog(plugins: [ExampleProvider.self])
        let first = ConfigurationLoader.load(node, catalog: plugins, context: context)
        try FuzzFinding.unless(
            (first.configuration == nil) == first.problems.contains { $0.severity == .error },
            "a configuration beside an error, or none without one")
        let second = ConfigurationLoader.load(node, catalog: plugins, context: context)
        try FuzzFinding.unless(first.problems == second.problems, "a second reading has other problems")
    }

    static let objects = FuzzTarget("objects") { input in
        guard let text = String(validating: input, as: UTF8.self), let file = try? KubernetesYAML(text) else { return }
        for document in file.documents {
            guard let again = try? KubernetesYAML(document.text) else {
                throw FuzzFinding("an object as JSON is not read: \(document.text)")
            }
            guard case .object = document else { continue }
            try FuzzFinding.unless(again.documents == [document], "an object as JSON is another one: \(document.text)")
        }
    }

    static let edit = FuzzTarget("edit") { input in
        let members: [JSONValue.Member] = [
            .init("issuer", ["host": "issuer.example.com"]), .init("publish", ["bucket": "b", "region": "r"]),
        ]
        guard let text = String(validating: input, as: UTF8.self), let node = try? YAMLConfigurationSource.parse(text),
            let edited = ConfigurationEdit.inserting(members, intoEndpoint: "one", of: text)
        else { return }
        guard let result = try? YAMLConfigurationSource.parse(edited) else {
            throw FuzzFinding("the edited file is not read")
        }
        let expected = node.settingEndpoint("one") { endpoint in
            members.reduce(endpoint) { $0.inserting($1.name, ConfigurationNode(json: $1.value)) }
        }
        try FuzzFinding.unless(
            expected.map(JSONValue.init) == JSONValue(result) || expected.map(Self.sorted) == Self.sorted(result),
            "the edited file has more than the inserted members")
        var rest = edited.utf8[...]
        for byte in text.utf8 {
            guard let place = rest.firstIndex(of: byte) else { throw FuzzFinding("a byte of the file is lost") }
            rest = rest[rest.index(after: place)...]
        }
    }

    private static func sorted(_ node: ConfigurationNode) -> JSONValue { sorted(JSONValue(node)) }

    private static func sorted(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let members):
            .object(members.map { .init($0.name, sorted($0.value)) }.sorted { $0.name < $1.name })
        case .array(let elements): .array(elements.map(sorted))
        default: value
        }
    }

    static let keyRing = FuzzTarget("key-ring") { input in
        try document(KeyRing.self, input, name: "one")
    }

    static let servingIdentity = FuzzTarget("serving-identity") {
        input in
        try document(ServingIdentity.self, input, name: "")
    }

    private static func document<Document: ReplicatedDocument>(
        _ type: Document.Type, _ input: [UInt8], name: String
    ) throws {
        let document: Document
        do throws(StoreError) {
            document = try Document(document: Data(input), name: name)
        } catch {
            for secret in privateKeys(in: input) { try FuzzFinding.unless("\(error)", hides: secret.utf8) }
            return
        }
        for secret in privateKeys(in: input) {
            try FuzzFinding.unless("\(document) \(String(reflecting: document))", hides: secret.utf8)
        }
        let encoded = try document.encoded()
        let again = try Document(document: encoded, name: name)
        try FuzzFinding.unless(try again.encoded() == encoded, "the written document is another one")
    }

    /// The secret parts of private keys (PKCS #8) that are strings of a JSON text, in base64. The rest of a key is also in
    /// its certificate: the curve or the modulus, and the public key.
    private static func privateKeys(in input: [UInt8]) -> [String] {
        guard let json = try? JSONValue(parsing: input) else { return [] }
        var secrets: [String] = []
        var others: [String] = []
        func collect(_ value: JSONValue) {
            switch value {
            case .string(let text) where text.contains("PRIVATE KEY"):
                let base64 = text.split(separator: "\n").filter { !$0.hasPrefix("-----") }.joined()
                // A P-256 key has its number in the bytes 36 to 67; an RSA key has its exponent after the modulus.
                secrets.append(
                    String(base64.count < 800 ? base64.prefix(88).dropFirst(48) : base64.dropFirst(400).prefix(600)))
            case .string(let text): others.append(text)
            case .array(let elements): elements.forEach(collect)
            case .object(let members):
                others += members.map(\.name)
                members.forEach { collect($0.value) }
            default: break
            }
        }
        collect(json)
        // A mutation may have copied a piece of a key to where it is no secret.
        return secrets.filter { secret in
            others.allSatisfy { (try? FuzzFinding.unless($0, hides: secret.utf8)) != nil }
        }
    }

    static let kubeconfig = FuzzTarget("kubeconfig") { input in
        guard let file = String(validating: input, as: UTF8.self).flatMap({ try? KubernetesYAML($0) }),
            let document = file.documents.first
        else { return }
        _ = try? Kubeconfig.access(document, folder: "/folder")
    }

    static let manifest = FuzzTarget("plugin-manifest") { input in
        _ = try? PluginManifest(parsing: input)
    }
}

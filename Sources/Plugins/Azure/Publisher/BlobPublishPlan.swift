import CloudAPI
import GatewayPluginAPI
import JOSE

/// A validated `publish` block: a container of Blob Storage, and the identity that writes it.
struct BlobPublishPlan: Sendable {
    /// The URL of the service without a final slash.
    let service: String
    let container: String
    /// What the names of the blobs begin with; without a slash at either end.
    let prefix: String
    let tenant: UUIDText
    /// The app or the managed identity; nil where no source needs it.
    let client: UUIDText?
    let sources: [CredentialSource]
    let authority: String
    let authorityFile: String?
    let endpointName: String

    /// The container of a static website.
    static let website = "$web"

    /// The URL of the blobs' common prefix.
    var location: String { "\(service)/\(container)" + (prefix.isEmpty ? "" : "/\(prefix)") }

    /// The URL of a document.
    func url(of document: IssuerDocumentKind) -> String { location + document.path }

    init(_ settings: AzureProvider.PublisherSettings, for endpoint: Endpoint) throws(SettingsErrors) {
        var errors: [SettingsError] = []
        func reject(_ key: String, _ value: String, _ expected: String) {
            errors.append(SettingsError("publish.\(key)", "invalid value \(Quotation.of(value)); expected \(expected)"))
        }
        let container = settings.container ?? Self.website
        if !StorageName.isAccount(settings.account) {
            reject("account", settings.account, "the name of a storage account: 3 to 24 lower-case letters and digits")
        }
        if !StorageName.isContainer(container) {
            reject(
                "container", container,
                "$web, or 3 to 63 lower-case letters, digits and single \"-\", such as documents")
        }
        let tenant = UUIDText(settings.tenant)
        if tenant == nil { reject("tenant", settings.tenant, "the tenant's id, a UUID") }
        let client = settings.client.flatMap(UUIDText.init)
        if let text = settings.client, client == nil { reject("client", text, "an application (client) id, a UUID") }
        let cloud = settings.cloud.map { Cloud(rawValue: $0) } ?? .global
        if let name = settings.cloud, cloud == nil { reject("cloud", name, "global, usgov or china") }
        func override(_ key: String, _ value: String?) -> String? {
            guard let value else { return nil }
            let url = ServiceURL.parse(value)
            if url == nil { reject("endpoints.\(key)", value, "https://HOST, or http://127.0.0.1:PORT for tests") }
            return url
        }
        let blob = override("blob", settings.endpoints?.blob)
        let authority = override("authority", settings.endpoints?.authority)
        let sources = CredentialChoice.read(settings.credentials, standard: CredentialSource.selfIssued, &errors)
        if sources.contains(.selfIssued) {
            if settings.client == nil {
                errors.append(
                    SettingsError(
                        "publish.client",
                        "missing required key, because credentials has self; write the client id of the publisher"))
            }
            if endpoint.audiences.count != 1 {
                errors.append(
                    SettingsError(
                        "publish.credentials",
                        "self needs one audience, and the endpoint has \(endpoint.audiences.count); use another source")
                )
            }
            if endpoint.algorithm != .rs256 {
                errors.append(
                    SettingsError(
                        "publish.credentials",
                        "self needs token.algorithm RS256, since Entra supports no other; use another source"))
            }
        }
        let domain = (cloud ?? .global).storageDomain
        let host = "\(settings.account).blob.\(domain)"
        let path = Self.blobPath(endpoint.issuer, host: host, container: container, &errors)
        let given = (settings.prefix ?? "").split(separator: "/").joined(separator: "/")
        if !given.isEmpty, Issuer(host: "a", path: "/\(given)") == nil {
            reject("prefix", settings.prefix ?? "", "segments of letters, digits, \"-\", \".\", \"_\" and \"~\"")
        }
        guard let tenant, let cloud, errors.isEmpty else { throw SettingsErrors(errors) }
        service = blob ?? "https://\(host)"
        self.container = container
        prefix = [given, String(path.dropFirst())].filter { !$0.isEmpty }.joined(separator: "/")
        self.tenant = tenant
        self.client = client
        self.sources = sources
        self.authority = authority ?? String(cloud.authority.dropLast())
        authorityFile = settings.caFile
        endpointName = endpoint.name
    }

    /// The issuer's path below the container: where the issuer is the account itself, its path begins with the container.
    private static func blobPath(
        _ issuer: Issuer, host: String, container: String, _ errors: inout [SettingsError]
    ) -> String {
        guard issuer.host == host else { return issuer.path }
        guard issuer.path == "/\(container)" || issuer.path.hasPrefix("/\(container)/") else {
            errors.append(
                SettingsError(
                    "issuer.path",
                    "expected /\(container) or a path below it, since Blob Storage serves the container there; the host of "
                        + "a static website is another one"))
            return issuer.path
        }
        return String(issuer.path.dropFirst(container.utf8.count + 1))
    }
}

/// The rules of "Naming and referencing containers, blobs, and metadata".
enum StorageName {
    static func isAccount(_ text: String) -> Bool {
        (3...24).contains(text.utf8.count) && text.utf8.allSatisfy(isLowerCaseOrDigit)
    }

    static func isContainer(_ text: String) -> Bool {
        if text == BlobPublishPlan.website { return true }
        guard (3...63).contains(text.utf8.count) else { return false }
        return text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
            .allSatisfy { !$0.isEmpty && $0.allSatisfy(isLowerCaseOrDigit) }
    }

    private static func isLowerCaseOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }
}

import GatewayPluginAPI
import JSON

/// The names of a storage account and of its public container, which serves the documents (`provision.serving: container`).
struct StoragePlace: Sendable {
    let subscription: String
    let group: String
    /// The account; a placeholder in a plan where the key ring does not exist yet.
    let account: String
    let container: String
    /// The host of the issuer.
    let host: String
    /// The URL of Blob Storage without a final slash.
    let service: String
    /// The names of the two documents in the container.
    let documents: [String]

    static let serving = "container"

    /// The paths of Azure Resource Manager.
    var groupPath: String { "/subscriptions/\(subscription)/resourceGroups/\(group)" }
    var accountPath: String { "\(groupPath)/providers/Microsoft.Storage/storageAccounts/\(account)" }
    var containerPath: String { "\(accountPath)/blobServices/default/containers/\(container)" }
    /// The URL of the container.
    var url: String { "https://\(host)/\(container)" }

    /// - Parameters:
    ///   - names: nil in a plan where the key ring does not exist yet.
    ///   - errors: gets what is missing or not valid.
    /// - Returns: nil where the request does not ask for it, or with errors.
    init?(
        _ request: ProvisioningRequest, group: String?, subscription: String?, _ names: CredentialNames?,
        _ cloud: Cloud,
        errors: inout [SettingsError]
    ) {
        guard let serving = request.serving else { return nil }
        let before = errors.count
        if serving != Self.serving {
            errors.append(
                SettingsError(
                    "provision.serving",
                    "invalid value \(Quotation.of(serving)); expected \(Self.serving), or no such key"))
        }
        if group.map({ IdentityName("\($0)/publisher") == nil }) ?? true {
            errors.append(
                SettingsError(
                    "settings.resourceGroup",
                    "missing or invalid; expected the name of the resource group of the storage account"))
        }
        if subscription.map({ UUIDText($0) == nil }) ?? true {
            errors.append(
                SettingsError(
                    "settings.subscription",
                    "missing or invalid; expected the id of the subscription, a UUID, or set AZURE_SUBSCRIPTION_ID"))
        }
        let domain = ".blob.\(cloud.storageDomain)"
        let hosted = request.host.flatMap { $0.hasSuffix(domain) ? String($0.dropLast(domain.utf8.count)) : nil }
        let account = request.publish?["account"]?.stringValue ?? hosted ?? names?.account
        if let account, !StorageName.isAccount(account) {
            errors.append(
                SettingsError(
                    "publish.account",
                    "invalid value \(Quotation.of(account)); expected 3 to 24 lower-case letters and digits"))
        }
        let host = "\(account ?? "${account.name}")\(domain)"
        if let configured = request.host, configured != host {
            errors.append(
                SettingsError(
                    "issuer.host", "is \(Quotation.of(configured)), but the container's host is \(host); remove it"))
        }
        let segments = request.path.split(separator: "/")
        let container = request.publish?["container"]?.stringValue ?? segments.first.map { String($0) } ?? ""
        if container != segments.first.map({ String($0) }) || !StorageName.isContainer(container)
            || container == BlobPublishPlan.website
        {
            errors.append(
                SettingsError(
                    "issuer.path",
                    "expected a path that begins with the name of the container: 3 to 63 lower-case letters, digits and "
                        + "single \"-\", such as /documents"))
        }
        guard errors.count == before, let group, let subscription else { return nil }
        self.subscription = subscription
        self.group = group
        self.account = account ?? "${account.name}"
        self.container = container
        self.host = host
        service =
            request.publish?["endpoints"]?["blob"]?.stringValue.flatMap(ServiceURL.parse) ?? "https://\(host)"
        let folder = segments.dropFirst().map { "\($0)/" }.joined()
        documents = request.documents.map { folder + $0.path.dropFirst() }
    }
}

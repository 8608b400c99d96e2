/// A cloud of Microsoft with its own Entra. The sources of the sovereign audiences disagree; an endpoint can set another
/// one of them in `audience`.
enum Cloud: String, CaseIterable {
    case global
    case usgov
    case china

    /// The audience of a federated identity credential.
    var audience: String {
        switch self {
        case .global: "api://AzureADTokenExchange"
        case .usgov: "api://AzureADTokenExchangeUSGov"
        case .china: "api://AzureADTokenExchangeChina"
        }
    }

    /// The value of `AZURE_AUTHORITY_HOST` (azure-identity, `AzureAuthorityHosts`).
    var authority: String {
        switch self {
        case .global: "https://login.microsoftonline.com/"
        case .usgov: "https://login.microsoftonline.us/"
        case .china: "https://login.chinacloudapi.cn/"
        }
    }

    /// Azure Resource Manager, also the resource of its tokens.
    var management: String {
        switch self {
        case .global: "https://management.azure.com"
        case .usgov: "https://management.usgovcloudapi.net"
        case .china: "https://management.chinacloudapi.cn"
        }
    }

    /// Microsoft Graph, also the resource of its tokens.
    var graph: String {
        switch self {
        case .global: "https://graph.microsoft.com"
        case .usgov: "https://graph.microsoft.us"
        case .china: "https://microsoftgraph.chinacloudapi.cn"
        }
    }

    /// The domain of storage accounts, behind `blob.` and the name of the account.
    var storageDomain: String {
        switch self {
        case .global: "core.windows.net"
        case .usgov: "core.usgovcloudapi.net"
        case .china: "core.chinacloudapi.cn"
        }
    }

    /// The resource of tokens for Blob Storage, in every cloud.
    static let storage = "https://storage.azure.com"

    var portal: String {
        switch self {
        case .global: "https://portal.azure.com"
        case .usgov: "https://portal.azure.us"
        case .china: "https://portal.azure.cn"
        }
    }
}

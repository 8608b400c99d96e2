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
}

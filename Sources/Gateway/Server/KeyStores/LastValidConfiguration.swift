import FoundationEssentials
import GatewayCore

/// The last valid configuration, which a restart with an invalid file falls back to: in the Secret
/// `sts-gateway-configuration`, or in the key directory.
struct LastValidConfiguration: StateDocument {
    static let layout = DocumentLayout(
        title: "configuration", secretName: "sts-gateway-configuration", dataKey: "gateway.yaml",
        fileName: "last-good-gateway.yaml")

    /// Bytes: the size limit of a Secret.
    private static let maximumLength = 1 << 20

    let text: String

    var name: String { "" }

    init(text: String) { self.text = text }

    init(document: Data, name: String) throws(StoreError) {
        guard let text = String(validating: document, as: UTF8.self) else { throw .malformed("not UTF-8") }
        self.text = text
    }

    func encoded() throws(StoreError) -> Data {
        guard text.utf8.count <= Self.maximumLength else {
            throw .rejected("the configuration is longer than \(Self.maximumLength) bytes")
        }
        return Data(text.utf8)
    }
}

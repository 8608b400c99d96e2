package import FoundationEssentials

/// Key rings are stored in the Secrets `sts-keyring-<endpoint>`, or in the files `<endpoint>.keyring.json`:
///
///     kubectl get secret sts-keyring-example -o jsonpath='{.data.keyring\.json}' | base64 -d
extension KeyRing: ReplicatedDocument {
    package static let layout = DocumentLayout(
        title: "key ring", secretName: "sts-keyring-", dataKey: "keyring.json", fileName: ".keyring.json",
        label: "sts-gateway.io/keyring")

    package var name: String { endpoint }

    package init(document: Data, name: String) throws(StoreError) {
        self = try KeyRingDocument.decode(document, endpoint: name)
    }

    package func encoded() throws(StoreError) -> Data { try KeyRingDocument.encode(self) }
}

package import FoundationEssentials

/// The serving identity is stored in the Secret `sts-gateway-serving`, with the CA bundle below `ca.crt`, or in the files
/// `serving.json` and `serving-ca.pem`:
///
///     kubectl get secret sts-gateway-serving -o jsonpath='{.data.ca\.crt}' | base64 -d
///
/// Earlier releases stored a CA in `serving-ca.pem` and `serving-ca-key.pem`. The key file stays as long as its CA issues.
extension ServingIdentity: ReplicatedDocument {
    package static let layout = DocumentLayout(
        title: "serving identity", secretName: "sts-gateway-serving", dataKey: "serving.json", fileName: "serving.json",
        requestAnnotation: "sts-gateway.io/rotate-ca")

    package static let bundleFile = "serving-ca.pem"
    package static let formerKeyFile = "serving-ca-key.pem"

    package var name: String { "" }

    package var companions: [DocumentCompanion] {
        [
            DocumentCompanion(dataKey: "ca.crt", fileName: Self.bundleFile, content: Data(bundle.utf8)),
            DocumentCompanion(
                dataKey: nil, fileName: Self.formerKeyFile, content: Data((issuing?.key?.pem ?? "").utf8),
                isFormer: true),
        ]
    }

    package init(document: Data, name: String) throws(StoreError) {
        self = try ServingIdentityDocument.decode(document)
    }

    package func encoded() throws(StoreError) -> Data { try ServingIdentityDocument.encode(self) }
}

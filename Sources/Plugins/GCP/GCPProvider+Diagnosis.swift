public import GatewayPluginAPI
import JSON

extension GCPProvider {
    /// Google's configuration is read by its own client only: says what must be there.
    public static func diagnosis(
        for request: DiagnosisRequest, context: ProvisioningContext
    ) async -> [RelyingPartyFinding] {
        let settings = request.endpoint.settings
        func text(_ key: String) -> String { settings?[key]?.stringValue ?? key.uppercased() }
        var findings: [RelyingPartyFinding] = []
        if let annotation = request.workload?.annotation, (try? ServiceAccountAddress(annotation)) == nil {
            findings.append(
                RelyingPartyFinding(
                    "service account", .failed(.identity),
                    "the annotation \(Quotation.of(annotation)) is no address of a service account",
                    advice: "use NAME@PROJECT.iam.gserviceaccount.com"))
        }
        return findings + [
            RelyingPartyFinding(
                "provider", .notChecked,
                "it must have the issuer URI https://\(request.endpoint.host ?? "")\(request.endpoint.path), and allow "
                    + request.endpoint.audiences.joined(separator: ", "),
                advice: "compare with: gcloud iam workload-identity-pools providers describe \(text("provider")) "
                    + "--workload-identity-pool=\(text("pool")) --project=\(text("projectNumber")) --location=global")
        ]
    }
}

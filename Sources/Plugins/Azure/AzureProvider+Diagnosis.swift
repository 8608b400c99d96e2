public import GatewayPluginAPI

extension AzureProvider {
    /// Microsoft Entra's configuration is read by its own client only: says what must be there.
    public static func diagnosis(
        for request: DiagnosisRequest, context: ProvisioningContext
    ) async -> [RelyingPartyFinding] {
        let issuer = "https://\(request.endpoint.host ?? "")\(request.endpoint.path)"
        guard let workload = request.workload else {
            return [
                RelyingPartyFinding(
                    "federated credential", .notChecked, "no workload is named",
                    advice: "set --pod or --service-account")
            ]
        }
        var findings: [RelyingPartyFinding] = []
        if let annotation = workload.annotation, UUIDText(annotation) == nil {
            findings.append(
                RelyingPartyFinding(
                    "client", .failed(.identity), "the annotation \(Quotation.of(annotation)) is no client id",
                    advice: "use the application (client) id, a UUID"))
        }
        return findings + [
            RelyingPartyFinding(
                "federated credential", .notChecked,
                "one must have the issuer \(issuer), the subject \(workload.subject) and the audience "
                    + request.endpoint.audiences.joined(separator: ", "),
                advice: "compare with: az ad app federated-credential list --id CLIENT")
        ]
    }
}

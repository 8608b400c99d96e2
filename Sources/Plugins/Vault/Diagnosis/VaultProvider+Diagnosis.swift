public import GatewayPluginAPI
import JSON

extension VaultProvider {
    /// Reads the mount, and the role that the workload's annotation names.
    public static func diagnosis(
        for request: DiagnosisRequest, context: ProvisioningContext
    ) async -> [RelyingPartyFinding] {
        let provisioner: VaultProvisioner
        do {
            provisioner = try VaultProvisioner(request.endpoint, context)
        } catch {
            let text = error.errors.map { "\($0.key): \($0.message)" }.joined(separator: "; ")
            return [RelyingPartyFinding("mount", .notChecked, text)]
        }
        let mount = provisioner.plan.mount
        do throws(ProvisioningError) {
            // 400 is the answer for a mount that does not exist.
            guard try await provisioner.call("GET", "sys/auth/\(mount)", absent: [400, 404]) != nil else {
                return [
                    RelyingPartyFinding(
                        "mount", .failed(.issuer), "there is no auth method at \(mount)",
                        advice: "sts-gateway provision vault --endpoint \(request.endpoint.name)")
                ]
            }
            var findings = [RelyingPartyFinding("mount", .ok, "auth/\(mount)")]
            if let workload = request.workload, let role = workload.annotation {
                findings.append(try await finding(role, of: workload, request, provisioner))
            }
            return findings
        } catch {
            return [
                .unread("mount", error.message, error, advice: "set VAULT_TOKEN to a token that may read it")
            ]
        }
    }

    private static func finding(
        _ role: String, of workload: DiagnosisRequest.Workload, _ request: DiagnosisRequest,
        _ provisioner: VaultProvisioner
    ) async throws(ProvisioningError) -> RelyingPartyFinding {
        let check = "role"
        guard VaultNames.isPath(role), !role.contains("/") else {
            return RelyingPartyFinding(
                check, .failed(.identity), "the annotation \(Quotation.of(role)) is no name of a role",
                advice: "correct the annotation of the workload")
        }
        let path = "auth/\(provisioner.plan.mount)/role/\(role)"
        guard let data = try await provisioner.call("GET", path, absent: [404])?["data"] else {
            return RelyingPartyFinding(
                check, .failed(.identity), "there is no role \(role)", advice: "create it, or correct the annotation")
        }
        let audiences = (data["bound_audiences"]?.elementList ?? []).compactMap(\.stringValue)
        guard audiences.contains(where: request.endpoint.audiences.contains) else {
            return RelyingPartyFinding(
                check, .failed(.audience),
                "bound_audiences of the role \(role) lacks \(request.endpoint.audiences.joined(separator: ", "))",
                advice: "add the endpoint's audience to bound_audiences")
        }
        let subject = data["bound_subject"]?.stringValue ?? ""
        let claims = data["bound_claims"]?.memberList ?? []
        guard !subject.isEmpty || !claims.isEmpty else {
            return RelyingPartyFinding(
                check, .warning(.wide), "the role \(role) binds no subject and no claims, so it accepts every token",
                advice: "set bound_subject, or bound_claims")
        }
        guard subject.isEmpty || subject == workload.subject else {
            return RelyingPartyFinding(
                check, .failed(.workload),
                "bound_subject of the role \(role) is \(Quotation.of(subject)), and the subject of the workload is "
                    + workload.subject,
                advice: "correct bound_subject, or the annotation")
        }
        return RelyingPartyFinding(check, .ok, "the role \(role) accepts audience and subject")
    }
}

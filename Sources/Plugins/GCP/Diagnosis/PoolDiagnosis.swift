import GatewayPluginAPI
import JOSE
import JSON

/// Reads the pool, the provider and the workload's service account.
struct PoolDiagnosis: Sendable {
    let provisioner: Provisioner
    let request: DiagnosisRequest

    private var provider: PoolProvider { provisioner.provider }
    private var provision: String { "sts-gateway provision gcp --endpoint \(request.endpoint.name)" }

    func findings() async -> [RelyingPartyFinding] {
        var findings: [RelyingPartyFinding] = []
        let pool: JSONValue?
        let found: JSONValue?
        do throws(ProvisioningError) {
            pool = try await provisioner.read(provider.poolName)
            found = try await provisioner.read(provider.name)
        } catch {
            return [
                .unread(
                    "provider", "needs iam.workloadIdentityPoolProviders.get: \(error.message)", error,
                    advice: "log in with gcloud auth login; roles/iam.workloadIdentityPoolViewer allows it")
            ]
        }
        findings.append(state(pool, "pool", provider.poolName))
        let providerState = state(found, "provider", provider.name)
        guard let found, providerState.status == .ok else { return findings + [providerState] }
        findings += [issuer(found), audience(found), keys(found)]
        guard request.workload != nil else { return findings }
        findings += [mapping(found)] + condition(found)
        return findings + (await serviceAccount(found))
    }

    /// Whether a resource exists, and is in use.
    private func state(_ found: JSONValue?, _ check: String, _ name: String) -> RelyingPartyFinding {
        guard let found else {
            return RelyingPartyFinding(check, .failed(.issuer), "there is no \(check) \(name)", advice: provision)
        }
        if found["state"] == "DELETED" {
            return RelyingPartyFinding(
                check, .failed(.setting), "the \(check) \(name) is deleted",
                advice: "restore it: \(provision), or gcloud iam workload-identity-pools … undelete")
        }
        if check == "provider", UploadedKeys(found).waitsForKeys {
            return RelyingPartyFinding(
                check, .failed(.setting), "\(name) is disabled, and has no keys",
                advice: "hand over the keys: sts-gateway publish --endpoint \(request.endpoint.name)")
        }
        if found["disabled"] == .bool(true) {
            return RelyingPartyFinding(
                check, .failed(.setting), "the \(check) \(name) is disabled, so that no token is accepted",
                advice: "enable it: gcloud iam workload-identity-pools … update --no-disabled")
        }
        return RelyingPartyFinding(check, .ok, name)
    }

    // MARK: The provider

    private func issuer(_ found: JSONValue) -> RelyingPartyFinding {
        let issuer = found["oidc"]?["issuerUri"]?.stringValue ?? ""
        guard issuer == request.issuerURL else {
            let other = issuer.isEmpty ? "is not one of OIDC" : "trusts the issuer \(issuer)"
            return RelyingPartyFinding(
                "provider", .failed(.issuer), "\(provider.name) \(other), and not \(request.issuerURL)",
                advice: "use another settings.provider, or correct issuer; a final slash counts")
        }
        return RelyingPartyFinding("provider", .ok, "\(provider.name) trusts \(issuer)")
    }

    /// An empty list allows the provider's resource name, with and without `https:`.
    private func audience(_ found: JSONValue) -> RelyingPartyFinding {
        let listed = found["oidc"]?["allowedAudiences"]?.elementList?.compactMap(\.stringValue) ?? []
        let allowed = listed.isEmpty ? ["https:" + provider.resourceName, provider.resourceName] : listed
        let audiences = request.endpoint.audiences
        guard audiences.contains(where: allowed.contains) else {
            return RelyingPartyFinding(
                "audience", .failed(.audience),
                "the provider allows \(allowed.joined(separator: ", ")), and not \(audiences.joined(separator: ", "))",
                advice: "add it: \(provision)")
        }
        return RelyingPartyFinding("audience", .ok, "the provider allows \(audiences.joined(separator: ", "))")
    }

    private func keys(_ found: JSONValue) -> RelyingPartyFinding {
        let (check, uploaded) = ("keys", UploadedKeys(found))
        let publish = "sts-gateway publish --endpoint \(request.endpoint.name)"
        guard !uploaded.text.isEmpty else {
            guard provisioner.serving != .keys || provisioner.plan == nil else {
                return RelyingPartyFinding(
                    check, .failed(.issuer), "the provider has no keys, and would read them at \(request.issuerURL)",
                    advice: "hand them over: \(publish)")
            }
            return RelyingPartyFinding(check, .ok, "the provider reads the documents at \(request.issuerURL)")
        }
        guard let stored = uploaded.stored(issuer: request.issuerURL), stored.foreign.isEmpty, stored.isComplete else {
            return RelyingPartyFinding(
                check, .failed(.setting), "jwksJson of the provider has keys or members that Google does not accept",
                advice: "hand the keys over again: \(publish)")
        }
        let names = stored.keys.keys.map(\.keyID.rawValue)
        if let signing = request.workload?.token?.keyID, !names.contains(signing) {
            return RelyingPartyFinding(
                check, .failed(.issuer),
                "jwksJson of the provider has \(names.joined(separator: ", ")), and lacks the key \(signing) that signs",
                advice: "hand the keys over: \(publish)")
        }
        return RelyingPartyFinding(check, .ok, "jwksJson has \(names.joined(separator: ", "))")
    }

    private func mapping(_ found: JSONValue) -> RelyingPartyFinding {
        let check = "attribute mapping"
        guard let expression = MappedAttributes(request, provider: found).subjectExpression else {
            return RelyingPartyFinding(
                check, .failed(.setting), "the mapping has no google.subject",
                advice: "map it to assertion.sub: \(provision)")
        }
        guard expression == "assertion.sub" else {
            return RelyingPartyFinding(
                check, .notChecked,
                "google.subject is \(Quotation.of(expression)), which only Google evaluates; expected assertion.sub",
                advice: "bind roles to the principal that the expression makes, or map assertion.sub: \(provision)")
        }
        return RelyingPartyFinding(check, .ok, "google.subject is assertion.sub")
    }

    private func condition(_ found: JSONValue) -> [RelyingPartyFinding] {
        let check = "attribute condition"
        guard let text = found["attributeCondition"]?.stringValue, !text.isEmpty else { return [] }
        let attributes = MappedAttributes(request, provider: found)
        switch AttributeCondition.evaluate(text, value: attributes.value) {
        case true?: return [RelyingPartyFinding(check, .ok, "\(Quotation.of(text, limit: 300)) holds")]
        case false?:
            return [
                RelyingPartyFinding(
                    check, .failed(.workload), "\(Quotation.of(text, limit: 300)) rejects the workload",
                    advice: "change the condition of the provider, or use another endpoint")
            ]
        case nil:
            return [
                RelyingPartyFinding(
                    check, .notChecked, "needs Google to evaluate \(Quotation.of(text, limit: 300))",
                    advice: "exchange a token with --exchange")
            ]
        }
    }

    // MARK: The service account

    private func serviceAccount(_ found: JSONValue) async -> [RelyingPartyFinding] {
        let check = "service account"
        guard let workload = request.workload else { return [] }
        guard let annotation = workload.annotation, !annotation.isEmpty else {
            return [
                RelyingPartyFinding(
                    check, .notChecked,
                    "the workload accesses resources directly, as \(provider.principal(workload.subject))",
                    advice: "grant roles on its resources to this principal")
            ]
        }
        let account: String
        do throws(InjectionError) {
            account = try ServiceAccountAddress(annotation).rawValue
        } catch {
            return [
                RelyingPartyFinding(
                    check, .failed(.identity), error.message, advice: "use NAME@PROJECT.iam.gserviceaccount.com")
            ]
        }
        let name = ServiceAccountStep.name(of: account)
        do throws(ProvisioningError) {
            guard let resource = try await provisioner.read(name) else {
                return [
                    RelyingPartyFinding(
                        check, .failed(.identity), "there is no service account \(account)",
                        advice: "create it, or correct the annotation")
                ]
            }
            guard resource["disabled"] != .bool(true) else {
                return [
                    RelyingPartyFinding(
                        check, .failed(.setting), "the service account \(account) is disabled",
                        advice: "enable it: gcloud iam service-accounts enable \(account)")
                ]
            }
            let policy = try await provisioner.run { () throws(PublishError) in
                try await AccessPolicy.read(.iam(name), provisioner.client)
            }
            return [
                ImpersonationReview(
                    policy: policy ?? AccessPolicy(json: .object([])), provider: provider, subject: workload.subject,
                    attributes: MappedAttributes(request, provider: found)
                ).finding(check, account)
            ]
        } catch {
            return [
                .unread(
                    check, "needs iam.serviceAccounts.get and getIamPolicy: \(error.message)", error,
                    advice: "roles/iam.securityReviewer allows both")
            ]
        }
    }
}

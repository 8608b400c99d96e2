import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayServer
import JOSE
import JSON
import KubernetesAPI

/// Follows a workload from its label to a token: label, annotation, injection, projected token, TokenReview, rules, mint.
struct WorkloadCheck: Sendable {
    let context: DoctorContext
    /// `--pod`; nil without the option.
    let pod: String?
    let account: ServiceAccountName?

    func examined() async -> ExaminedWorkload {
        var workload = ExaminedWorkload()
        guard pod != nil || account != nil else {
            workload.findings = [
                .notChecked(.workload, "workload", "none is named", advice: "set --pod or --service-account")
            ]
            return workload
        }
        workload.account = account ?? pod.flatMap { ServiceAccountName($0) }
        guard let lookup = context.lookup else {
            workload.findings = [.notChecked(.workload, "workload", "no API server is known")]
            return workload
        }
        guard await find(&workload, lookup) else { return workload }
        let object = await serviceAccount(&workload, lookup)
        for endpoint in context.endpoints { await examine(endpoint, &workload, object, lookup) }
        return workload
    }

    // MARK: The objects

    /// - Returns: whether the workload exists.
    private func find(_ workload: inout ExaminedWorkload, _ lookup: WorkloadLookup) async -> Bool {
        do throws(CommandFailure) {
            if let pod, let name = ServiceAccountName(pod) {
                let found = try await lookup.pod(name)
                workload.pod = found
                workload.account = ServiceAccountName("\(found.namespace)/\(found.serviceAccount)")
            } else if let account {
                workload.pod = try await lookup.runningPod(of: account)
            }
        } catch {
            workload.findings.append(.failure(.workload, "Pod", error))
            return account != nil && error.missingPermission != nil
        }
        if let pod = workload.pod {
            workload.findings.append(
                .ok(.workload, "Pod", "\(pod.namespace)/\(pod.name) of the ServiceAccount \(pod.serviceAccount)"))
            if let pending = Self.pending(pod) { workload.findings.append(pending) }
        } else {
            workload.findings.append(
                .notChecked(.workload, "Pod", "the ServiceAccount has no running Pod", advice: "start one"))
        }
        return workload.account != nil
    }

    /// Why a Pod has not started yet; nil where it has.
    private static func pending(_ pod: WorkloadPod) -> DoctorFinding? {
        guard pod.isPending, pod.isRunning else { return nil }
        let conditions = pod.json["status"]?["conditions"]?.elementList ?? []
        let scheduling = conditions.first { $0["type"] == "PodScheduled" && $0["status"] == "False" }
        let reason = scheduling?["message"]?.stringValue ?? pod.reason ?? "its containers are not started yet"
        return .warning(
            .workload, "start", .workloadPending, "the Pod is Pending: \(reason)",
            advice: "kubectl -n \(pod.namespace) describe pod \(pod.name); its tokens come when the Pod starts")
    }

    private func serviceAccount(
        _ workload: inout ExaminedWorkload, _ lookup: WorkloadLookup
    ) async -> JSONValue? {
        guard let account = workload.account else { return nil }
        do throws(CommandFailure) {
            return try await lookup.serviceAccount(account)
        } catch {
            workload.findings.append(.failure(.workload, "ServiceAccount", error))
            return nil
        }
    }

    // MARK: One endpoint

    private func examine(
        _ endpoint: EndpointConfiguration, _ workload: inout ExaminedWorkload, _ object: JSONValue?,
        _ lookup: WorkloadLookup
    ) async {
        let key = context.key(endpoint)
        let values = [
            workload.pod?.json["metadata"]?["annotations"]?[key]?.stringValue,
            context.configuration.injection.readsServiceAccounts
                ? object?["metadata"]?["annotations"]?[key]?.stringValue : nil,
        ]
        workload.annotations[endpoint.name] = values.lazy.compactMap(\.self).first { !$0.isEmpty }
        for option in endpoint.injector.options {
            workload.options[endpoint.name, default: [:]][option] =
                workload.pod?.json["metadata"]?["annotations"]?["\(key)-\(option)"]?.stringValue
        }
        if let pod = workload.pod {
            workload.findings += InjectionCheck(
                context: context, endpoint: endpoint, pod: pod, annotation: workload.annotations[endpoint.name],
                serviceAccount: object?["metadata"]?["annotations"]?.stringMap ?? [:]
            ).findings()
        }
        guard let account = workload.account else { return }
        let token: String
        do throws(CommandFailure) {
            guard workload.pod != nil || !endpoint.subjectToken.requirePod else {
                workload.findings.append(
                    .failed(
                        .workload, "token", of: endpoint.name, .subjectTokenWithoutPod,
                        "\(account) has no running Pod, and the endpoint requires one",
                        advice: "start a Pod, or set subjectToken.requirePod: false"))
                return
            }
            token = try await lookup.token(
                of: account, boundTo: workload.pod, audiences: Array(endpoint.subjectToken.audiences.prefix(1)))
        } catch {
            workload.findings.append(.failure(.workload, "token", of: endpoint.name, error))
            await rules(endpoint, identity(account, workload.pod, object), object, lookup, &workload)
            return
        }
        let reviewed = await review(token, endpoint, lookup, &workload)
        await rules(
            endpoint, reviewed ?? identity(account, workload.pod, object), object, lookup, &workload)
        await mint(token, endpoint, &workload)
    }

    /// The identity as the API server would confirm it.
    private func identity(
        _ account: ServiceAccountName, _ pod: WorkloadPod?, _ object: JSONValue?
    ) -> WorkloadIdentity {
        let node = pod?.json["spec"]?["nodeName"]?.stringValue
        return WorkloadIdentity(
            cluster: context.configuration.cluster, namespace: account.namespace,
            serviceAccount: .init(name: account.name, uid: object?["metadata"]?["uid"]?.stringValue),
            pod: pod.map { .init(name: $0.name, uid: $0.uid) }, node: node.map { .init(name: $0, uid: nil) },
            groups: [
                "system:serviceaccounts", "system:serviceaccounts:\(account.namespace)", "system:authenticated",
            ], credentialID: nil)
    }

    private func review(
        _ token: String, _ endpoint: EndpointConfiguration, _ lookup: WorkloadLookup,
        _ workload: inout ExaminedWorkload
    ) async -> WorkloadIdentity? {
        let name = endpoint.name
        if case .offline = context.configuration.review {
            workload.findings.append(
                .notChecked(.workload, "TokenReview", of: name, "the gateway validates tokens locally (review.offline)")
            )
            return nil
        }
        do throws(CommandFailure) {
            let body = TokenReviewMessage.request(token: token, audiences: endpoint.subjectToken.audiences)
            let answer = try await lookup.call(
                .create, TokenReviewMessage.path, body: body, permission: "create on tokenreviews")
            guard let answer, case .authenticated(let user)? = TokenReviewMessage.review(in: answer.utf8Text) else {
                workload.findings.append(
                    .failed(
                        .workload, "TokenReview", of: name, .unauthenticatedSubjectToken,
                        "the API server does not authenticate the token",
                        advice: "check that the Pod still exists, and that the clocks agree"))
                return nil
            }
            guard user.audiences.contains(where: endpoint.subjectToken.audiences.containsExactly) else {
                workload.findings.append(
                    .failed(
                        .workload, "TokenReview", of: name, .foreignAudience,
                        "the API server does not confirm an audience of \(endpoint.subjectToken.audiences)",
                        advice: "check subjectToken.audiences"))
                return nil
            }
            let identity: WorkloadIdentity
            do {
                identity = try WorkloadIdentity(user, cluster: context.configuration.cluster)
            } catch {
                workload.findings.append(
                    .failed(
                        .workload, "TokenReview", of: name, .notServiceAccount, "the user is \(user.username)"))
                return nil
            }
            workload.findings.append(.ok(.workload, "TokenReview", of: name, "authenticated as \(user.username)"))
            return identity
        } catch {
            workload.findings.append(.failure(.workload, "TokenReview", of: name, error))
            return nil
        }
    }

    /// Evaluates the rules one by one.
    private func rules(
        _ endpoint: EndpointConfiguration, _ identity: WorkloadIdentity, _ object: JSONValue?,
        _ lookup: WorkloadLookup, _ workload: inout ExaminedWorkload
    ) async {
        var metadata = WorkloadMetadata(serviceAccount: object.flatMap { Self.metadata($0) })
        if endpoint.policy.metadataSources.contains(.namespace) {
            do throws(CommandFailure) {
                let found = try await lookup.call(
                    .get, "/api/v1/namespaces/\(identity.namespace)", permission: "get on namespaces")
                metadata.namespace = found.flatMap { Self.metadata($0) }
            } catch {
                workload.findings.append(.failure(.workload, "rules", of: endpoint.name, error))
                return
            }
        }
        let explanation = endpoint.policy.explain(
            WorkloadAttributes(identity, endpoint: endpoint.name, metadata: metadata))
        let lines = explanation.rules.enumerated().map { index, rule in
            "azRules[\(index)] \(rule.rule): \(rule.result.rawValue)"
        }
        switch explanation.decision {
        case .allowed(let index):
            workload.findings.append(
                .ok(
                    .workload, "rules", of: endpoint.name,
                    "allowed by azRules[\(index)] (\(lines.joined(separator: "; ")))"))
        case .denied:
            workload.findings.append(
                .failed(
                    .workload, "rules", of: endpoint.name, .deniedByPolicy,
                    lines.isEmpty
                        ? "azRules is empty, so every request is denied"
                        : "no rule matches: \(lines.joined(separator: "; "))",
                    advice: "add a rule such as (namespace=\(identity.namespace)) to azRules of the endpoint"))
        }
    }

    private static func metadata(_ object: JSONValue) -> WorkloadMetadata.Object? {
        guard let uid = object["metadata"]?["uid"]?.stringValue else { return nil }
        return WorkloadMetadata.Object(
            uid: uid, labels: object["metadata"]?["labels"]?.stringMap ?? [:],
            annotations: object["metadata"]?["annotations"]?.stringMap ?? [:])
    }

    /// Exchanges the token at the gateway.
    private func mint(_ token: String, _ endpoint: EndpointConfiguration, _ workload: inout ExaminedWorkload) async {
        do throws(CommandFailure) {
            let calls = try context.calls.get()
            let issued = try await TokenExchangeCall(calls: calls, path: endpoint.path.description).issued(for: token)
            workload.tokens[endpoint.name] = issued
            workload.findings.append(
                .ok(.workload, "mint", of: endpoint.name, "claims \(issued.claims.json.text)"))
        } catch {
            workload.findings.append(.failure(.workload, "mint", of: endpoint.name, error))
        }
    }
}

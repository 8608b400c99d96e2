import AWSXML
import GatewayPluginAPI
import GatewayPluginTesting

@testable import AWSPlugin

/// The lists and deletions. Pages are short, so that each list has several.
extension CloudInMemory {
    /// Adds the two documents to a bucket, as a gateway does.
    func publish(to bucket: String, owner: String, keys: [String]) {
        for key in keys {
            let count = state.buckets[bucket]?.objects.count ?? 0
            state.buckets[bucket]?.objects.append(Object(key: key, id: "v\(count + 1)", owner: owner))
        }
        state.documents = 1
    }

    static func objects(
        _ request: HTTPTransportRequest, _ path: [String], _ query: [String: String], _ work: inout Work
    ) -> ScriptedTransport.Answer {
        guard request.headers("x-amz-expected-bucket-owner") == [account] else { return error(403, "AccessDenied") }
        guard let bucket = work.state.buckets[path[0]] else { return error(404, "NoSuchBucket") }
        guard path.count > 1 else {
            let prefix = query["prefix"] ?? ""
            var rest = bucket.objects.filter { $0.key.hasPrefix(prefix) }
            if let id = query["version-id-marker"], let index = rest.firstIndex(where: { $0.id == id }) {
                rest = Array(rest.dropFirst(index + 1))
            }
            let page = rest.prefix(2)
            let text = page.map { object in
                let name = object.isDeleteMarker ? "DeleteMarker" : "Version"
                return "<\(name)><Key>\(object.key)</Key><VersionId>\(object.id)</VersionId></\(name)>"
            }.joined()
            let more =
                page.count < rest.count
                ? "<IsTruncated>true</IsTruncated><NextKeyMarker>\(page.last?.key ?? "")</NextKeyMarker>"
                    + "<NextVersionIdMarker>\(page.last?.id ?? "")</NextVersionIdMarker>" : ""
            return .answer(200, "<ListVersionsResult>\(text)\(more)</ListVersionsResult>")
        }
        let key = path.dropFirst().joined(separator: "/")
        let index = bucket.objects.firstIndex { $0.key == key && $0.id == query["versionId"] }
        guard let index else { return request.method == "DELETE" ? .answer(204) : error(404, "NoSuchVersion") }
        if request.method == "DELETE" {
            work.writes.append("DELETE \(key)")
            work.state.buckets[path[0]]?.objects.remove(at: index)
            return .answer(204)
        }
        return .answer(200, "", bucket.objects[index].owner.map { ["x-amz-meta-sts-owner": $0] } ?? [:])
    }

    static func delete(
        _ request: HTTPTransportRequest, _ path: [String], _ all: [String: Versioned], _ work: inout Work
    ) -> ScriptedTransport.Answer {
        let isDistribution = path[0] == "distribution"
        guard let found = all[path[1]] else {
            return error(404, isDistribution ? "NoSuchDistribution" : "NoSuchOriginAccessControl")
        }
        guard request.headers("If-Match") == ["E\(found.version)"] else { return error(412, "PreconditionFailed") }
        if isDistribution {
            guard found.configuration["Enabled"]?.text == "false", work.deployments[path[1]] ?? 0 == 0 else {
                return error(409, "DistributionNotDisabled")
            }
            work.state.distributions[path[1]] = nil
        } else {
            let users = work.state.distributions.values.flatMap {
                $0.configuration["Origins"]?["Items"]?.children ?? []
            }
            guard !users.contains(where: { $0["OriginAccessControlId"]?.text == path[1] }) else {
                return error(409, "OriginAccessControlInUse")
            }
            work.state.controls[path[1]] = nil
        }
        return .answer(204)
    }

    static func listOrDelete(
        _ action: String, _ form: [String: String], _ account: String, _ arn: String, _ name: String,
        _ work: inout Work
    ) -> ScriptedTransport.Answer? {
        func result(_ content: String = "") -> ScriptedTransport.Answer {
            .answer(200, "<Response><\(action)Result>\(content)</\(action)Result></Response>")
        }
        func list(_ element: String, _ items: [String]) -> ScriptedTransport.Answer {
            let start = form["Marker"].flatMap(Int.init) ?? 0
            let page = items.dropFirst(start).prefix(2).map { "<member>\($0)</member>" }.joined()
            let isLast = start + 2 >= items.count
            return result(
                "<\(element)>\(page)</\(element)><IsTruncated>\(!isLast)</IsTruncated>"
                    + (isLast ? "" : "<Marker>\(start + 2)</Marker>"))
        }
        let keys = (1...50).compactMap { form["TagKeys.member.\($0)"] }
        let role = work.state.roles[name]
        switch action {
        case "ListOpenIDConnectProviders":
            let items = work.state.providers.keys.filter { $0.contains("::\(account):") }.sorted()
                .map { "<member><Arn>\($0)</Arn></member>" }.joined()
            return result("<OpenIDConnectProviderList>\(items)</OpenIDConnectProviderList>")
        case "ListRoles":
            return list(
                "Roles",
                work.state.roles.compactMap { key, role in
                    let parts = key.split(separator: "/").map(String.init)
                    let owner = parts.count == 2 ? parts[0] : Self.account
                    return owner == account ? (key: parts[parts.count - 1], value: role) : nil
                }.sorted { $0.key < $1.key }.map {
                    "<RoleName>\($0.key)</RoleName><AssumeRolePolicyDocument>"
                        + PercentEncoding.encode($0.value.trust.utf8) + "</AssumeRolePolicyDocument>"
                })
        case "DeleteOpenIDConnectProvider":
            // Deleting an absent provider fails, like that of an absent role.
            guard work.state.providers[arn] != nil else { return error(404, "NoSuchEntity") }
            work.state.providers[arn] = nil
            return result()
        case "RemoveClientIDFromOpenIDConnectProvider":
            work.state.providers[arn]?.audiences.removeAll { $0 == form["ClientID"] }
            return result()
        case "UntagOpenIDConnectProvider":
            for key in keys { work.state.providers[arn]?.tags[key] = nil }
            return result()
        case "ListRolePolicies", "ListAttachedRolePolicies", "ListInstanceProfilesForRole", "DetachRolePolicy",
            "DeleteRolePolicy", "DeleteRole", "UntagRole":
            guard let role else { return error(404, "NoSuchEntity") }
            switch action {
            case "ListRolePolicies": return list("PolicyNames", role.policies.keys.sorted())
            case "ListAttachedRolePolicies":
                return list("AttachedPolicies", role.attached.map { "<PolicyArn>\($0)</PolicyArn>" })
            case "ListInstanceProfilesForRole":
                let names = role.instanceProfile.map { ["<InstanceProfileName>\($0)</InstanceProfileName>"] } ?? []
                return list("InstanceProfiles", names)
            case "DetachRolePolicy": work.state.roles[name]?.attached.removeAll { $0 == form["PolicyArn"] }
            case "DeleteRolePolicy": work.state.roles[name]?.policies[form["PolicyName"] ?? ""] = nil
            case "UntagRole": for key in keys { work.state.roles[name]?.tags[key] = nil }
            default:
                guard role.policies.isEmpty, role.attached.isEmpty, role.instanceProfile == nil else {
                    return error(409, "DeleteConflict")
                }
                work.state.roles[name] = nil
            }
            return result()
        default: return nil
        }
    }
}

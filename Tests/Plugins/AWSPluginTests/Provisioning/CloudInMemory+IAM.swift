import AWSXML
import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting

@testable import AWSPlugin

/// OIDC providers and roles. Accounts other than the bucket's have theirs.
extension CloudInMemory {
    static func iam(_ form: [String: String], _ account: String, _ work: inout Work) -> ScriptedTransport.Answer {
        let action = form["Action"] ?? ""
        func result(_ content: String = "") -> ScriptedTransport.Answer {
            .answer(200, "<Response><\(action)Result>\(content)</\(action)Result></Response>")
        }
        if work.denied.contains(action) { return error(403, "AccessDenied") }
        if !["Get", "List", "AssumeRole"].contains(where: action.hasPrefix) { work.writes.append(action) }
        var given: [String: String] = [:]
        for index in 1...50 {
            if let key = form["Tags.member.\(index).Key"] { given[key] = form["Tags.member.\(index).Value"] ?? "" }
        }
        let audiences = (1...50).compactMap { form["ClientIDList.member.\($0)"] }
        let arn =
            form["OpenIDConnectProviderArn"].map { given in
                // The account is kept without its partition.
                "arn:aws:" + given.split(separator: ":", maxSplits: 2).dropFirst(2).joined(separator: ":")
            }
            ?? "arn:aws:iam::\(account):oidc-provider/\((form["Url"] ?? "").dropFirst("https://".count))"
        let plain = form["RoleName"] ?? ""
        // Roles of other accounts have the account in their key.
        let name = plain.isEmpty || account == Self.account ? plain : "\(account)/\(plain)"
        switch action {
        case "AssumeRole":
            let other = form["RoleArn"]?.split(separator: ":")[3] ?? ""
            return result(
                "<Credentials><AccessKeyId>ASIA\(other)</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
                    + "<SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>")
        case "GetCallerIdentity":
            return result("<Account>\(account)</Account><Arn>arn:aws:iam::\(account):user/administrator</Arn>")
        case "CreateOpenIDConnectProvider":
            guard work.state.providers[arn] == nil else { return error(409, "EntityAlreadyExists") }
            work.state.providers[arn] = Provider(audiences: audiences, tags: given)
            work.hidden[arn] = work.hides
            return result("<OpenIDConnectProviderArn>\(arn)</OpenIDConnectProviderArn>")
        case "CreateRole":
            guard work.state.roles[name] == nil else { return error(409, "EntityAlreadyExists") }
            work.state.roles[name] = Role(
                trust: form["AssumeRolePolicyDocument"] ?? "", tags: given,
                maximumSession: form["MaxSessionDuration"] ?? "3600")
            work.hidden[name] = work.hides
            return result()
        default: break
        }
        if let answer = listOrDelete(action, form, account, arn, name, &work) { return answer }
        if action.hasSuffix("OpenIDConnectProvider") {
            guard var found = work.state.providers[arn], !isHidden(arn, &work) else {
                return error(404, "NoSuchEntity")
            }
            switch action {
            case "AddClientIDToOpenIDConnectProvider": found.audiences.append(form["ClientID"] ?? "")
            case "TagOpenIDConnectProvider": found.tags.merge(given) { $1 }
            default: break
            }
            work.state.providers[arn] = found
            let list = found.audiences.map { "<member>\($0)</member>" }.joined()
            return result("<ClientIDList>\(list)</ClientIDList><Tags>\(members(found.tags))</Tags>")
        }
        guard var role = work.state.roles[name], !isHidden(name, &work) else { return error(404, "NoSuchEntity") }
        defer { work.state.roles[name] = role }
        let policy = form["PolicyName"] ?? ""
        switch action {
        case "GetRole":
            return result(
                "<Role><Arn>arn:aws:iam::\(account):role/\(plain)</Arn><MaxSessionDuration>\(role.maximumSession)"
                    + "</MaxSessionDuration><AssumeRolePolicyDocument>"
                    + PercentEncoding.encode(role.trust.utf8) + "</AssumeRolePolicyDocument><Tags>\(members(role.tags))"
                    + "</Tags></Role>")
        case "GetRolePolicy":
            guard let text = role.policies[policy] else { return error(404, "NoSuchEntity") }
            return result("<PolicyDocument>\(PercentEncoding.encode(text.utf8))</PolicyDocument>")
        case "ListAttachedRolePolicies":
            let list = role.attached.map { "<member><PolicyArn>\($0)</PolicyArn></member>" }.joined()
            return result("<AttachedPolicies>\(list)</AttachedPolicies><IsTruncated>false</IsTruncated>")
        case "AttachRolePolicy": role.attached.append(form["PolicyArn"] ?? "")
        case "UpdateRole": role.maximumSession = form["MaxSessionDuration"] ?? ""
        case "UpdateAssumeRolePolicy": role.trust = form["PolicyDocument"] ?? ""
        case "PutRolePolicy": role.policies[policy] = form["PolicyDocument"] ?? ""
        case "TagRole": role.tags.merge(given) { $1 }
        default: return error(400, "InvalidAction")
        }
        return result()
    }

    static func members(_ tags: [String: String]) -> String {
        tags.sorted { $0.key < $1.key }.map { "<member><Key>\($0.key)</Key><Value>\($0.value)</Value></member>" }
            .joined()
    }
}

import AWSXML
import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting
import JSON
import Synchronization

@testable import AWSPlugin

/// One AWS account in memory. It is stricter than moto: an update needs the current ETag, names and caller references are
/// unique, and a new resource is not visible at once where a test asks for that.
final class CloudInMemory: Sendable {
    static let account = "111111111111"

    /// A fault of one call.
    enum Fault: String, CaseIterable, Sendable {
        /// The call has its effect, and the response is lost.
        case timeout
        case failure, throttling, denial, conflict
    }

    struct Bucket: Equatable {
        var tags: [String: String] = [:]
        var settings: [String: String] = [:]
        var policy: String?
        var objects: [Object] = []
    }

    /// A version of an object, or a delete marker.
    struct Object: Equatable {
        let key: String
        let id: String
        var isDeleteMarker = false
        /// The stamp of a gateway.
        var owner: String?
    }

    struct Versioned: Equatable {
        var configuration: XMLElement
        var tags: [String: String] = [:]
        var version = 1
    }

    struct Provider: Equatable {
        var audiences: [String]
        var tags: [String: String]
    }

    struct Role: Equatable {
        var trust: String
        var tags: [String: String]
        var policies: [String: String] = [:]
        var attached: [String] = []
        var instanceProfile: String?
        var maximumSession = "3600"
    }

    struct State: Equatable {
        var buckets: [String: Bucket] = [:]
        var controls: [String: Versioned] = [:]
        var distributions: [String: Versioned] = [:]
        var providers: [String: Provider] = [:]
        var roles: [String: Role] = [:]
        var documents = 0
    }

    struct Work {
        var state = State()
        /// Reads for which a new resource stays invisible.
        var hides = 0
        var hidden: [String: Int] = [:]
        var calls = 0
        var fault: (call: Int, kind: Fault)?
        var writes: [String] = []
        /// Reads for which a changed distribution is `InProgress`.
        var polls = 0
        var deployments: [String: Int] = [:]
        /// Actions that are denied.
        var denied: Set<String> = []
    }

    private let work = Mutex(Work())

    var state: State {
        get { work.withLock { $0.state } }
        set { work.withLock { $0.state = newValue } }
    }
    /// How many calls were made.
    var calls: Int { work.withLock { $0.calls } }
    /// The calls that change something, since the last look.
    func takeWrites() -> [String] {
        work.withLock { work in
            defer { work.writes = [] }
            return work.writes
        }
    }

    func deny(_ action: String) { work.withLock { _ = $0.denied.insert(action) } }

    func deployChanges(after reads: Int) { work.withLock { $0.polls = reads } }

    func hideNewResources(for reads: Int) { work.withLock { $0.hides = reads } }

    func fail(_ kind: Fault, atCall call: Int) { work.withLock { $0.fault = (call, kind) } }

    var transport: ScriptedTransport { ScriptedTransport { [self] in answer($0) } }

    private func answer(_ request: HTTPTransportRequest) -> ScriptedTransport.Answer {
        work.withLock { work in
            let call = work.calls
            work.calls += 1
            guard let fault = work.fault, fault.call == call else { return Self.answer(request, &work) }
            switch fault.kind {
            case .timeout:
                _ = Self.answer(request, &work)
                return .failure(.timedOut)
            case .failure: return Self.error(500, "InternalError")
            case .throttling: return Self.error(503, "Throttling")
            case .denial: return Self.error(403, "AccessDenied")
            case .conflict: return Self.error(409, "EntityAlreadyExists")
            }
        }
    }

    private static func answer(_ request: HTTPTransportRequest, _ work: inout Work) -> ScriptedTransport.Answer {
        let url = request.url.dropFirst("http://127.0.0.1:1".count)
        let parts = url.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let query = form(parts.count > 1 ? String(parts[1]) : "")
        let path = parts[0].split(separator: "/").map(String.init)
        if path.first == "2020-05-31" {
            return cloudFront(request, Array(path.dropFirst()), query, &work)
        }
        if path.isEmpty { return iam(form(request.text), Self.account(of: request), &work) }
        return s3(request, path, query, &work)
    }

    /// The account of the access key: `AKID222222222222` is one of 222222222222.
    private static func account(of request: HTTPTransportRequest) -> String {
        let key = (request.headers("Authorization").first ?? "").split(separator: "/").first?.split(separator: "=").last
        let digits = String((key ?? "").suffix(12))
        return AccountID.isValid(digits) ? digits : account
    }

    static func form(_ text: String) -> [String: String] {
        var values: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            values[PercentEncoding.decode(parts[0])] = parts.count > 1 ? PercentEncoding.decode(parts[1]) : ""
        }
        return values
    }

    static func error(_ status: Int, _ code: String) -> ScriptedTransport.Answer {
        .answer(
            status, "<ErrorResponse><Error><Code>\(code)</Code><Message>of the test</Message></Error></ErrorResponse>")
    }

    static func isHidden(_ name: String, _ work: inout Work) -> Bool {
        guard let left = work.hidden[name], left > 0 else { return false }
        work.hidden[name] = left - 1
        return true
    }

    static func tags(_ elements: [XMLElement]) -> [String: String] {
        Dictionary(elements.compactMap(ResourceTag.init).map { ($0.key, $0.value) }) { $1 }
    }

    static func text(_ tags: [String: String]) -> String {
        tags.sorted { $0.key < $1.key }.map { "<Tag><Key>\($0.key)</Key><Value>\($0.value)</Value></Tag>" }.joined()
    }

    // MARK: S3

    private static func s3(
        _ request: HTTPTransportRequest, _ path: [String], _ query: [String: String], _ work: inout Work
    ) -> ScriptedTransport.Answer {
        let name = path[0]
        let isCreation = request.method == "PUT" && query.isEmpty
        if path.count > 1 || query["versions"] != nil { return objects(request, path, query, &work) }
        if request.method != "GET", request.method != "HEAD" {
            work.writes.append("\(request.method) \(query.keys.sorted().joined())")
        }
        if isCreation {
            guard work.state.buckets[name] == nil else { return error(409, "BucketAlreadyOwnedByYou") }
            work.state.buckets[name] = Bucket()
            work.hidden[name] = work.hides
            return .answer(200)
        }
        guard request.headers("x-amz-expected-bucket-owner") == [account] else { return error(403, "AccessDenied") }
        guard var bucket = work.state.buckets[name], !isHidden(name, &work) else { return error(404, "NoSuchBucket") }
        if request.method == "DELETE", query.isEmpty {
            guard bucket.objects.isEmpty else { return error(409, "BucketNotEmpty") }
            work.state.buckets[name] = nil
            return .answer(204)
        }
        defer { work.state.buckets[name] = bucket }
        switch (request.method, query.keys.first ?? "") {
        case ("HEAD", ""): return .answer(200)
        case ("DELETE", "policy"):
            bucket.policy = nil
            return .answer(204)
        case ("DELETE", "tagging"):
            bucket.tags = [:]
            return .answer(204)
        case ("GET", "tagging"):
            if bucket.tags.isEmpty { return error(404, "NoSuchTagSet") }
            return .answer(200, "<Tagging><TagSet>\(text(bucket.tags))</TagSet></Tagging>")
        case ("PUT", "tagging"):
            bucket.tags = tags((try? XMLElement(parsing: request.body))?["TagSet"]?.children ?? [])
            return .answer(200)
        case ("GET", "policy"):
            return bucket.policy.map { .answer(200, $0) } ?? error(404, "NoSuchBucketPolicy")
        case ("PUT", "policy"):
            bucket.policy = request.text
            return .answer(204)
        case ("GET", let setting):
            if let text = bucket.settings[setting] { return .answer(200, text) }
            switch setting {
            case "publicAccessBlock": return error(404, "NoSuchPublicAccessBlockConfiguration")
            case "ownershipControls": return error(404, "OwnershipControlsNotFoundError")
            default: return .answer(200, "<VersioningConfiguration/>")
            }
        case ("PUT", let setting):
            bucket.settings[setting] = request.text
            return .answer(200)
        default: return error(405, "MethodNotAllowed")
        }
    }

    // MARK: CloudFront

    private static func cloudFront(
        _ request: HTTPTransportRequest, _ path: [String], _ query: [String: String], _ work: inout Work
    ) -> ScriptedTransport.Answer {
        if request.method != "GET" { work.writes.append("\(request.method) \(path[0])") }
        let body = try? XMLElement(parsing: request.body)
        let isDistribution = path[0] == "distribution"
        if path[0] == "tagging" {
            let id = String(query["Resource"]?.split(separator: "/").last ?? "")
            guard var found = work.state.distributions[id] else { return error(404, "NoSuchResource") }
            if query["Operation"] == "Untag" {
                for key in body?["Items"]?.children ?? [] { found.tags[key.text] = nil }
                work.state.distributions[id] = found
                return .answer(204)
            }
            if request.method == "POST" {
                found.tags.merge(tags(body?["Items"]?.children ?? [])) { $1 }
                work.state.distributions[id] = found
                return .answer(204)
            }
            return .answer(200, "<Tags><Items>\(text(found.tags))</Items></Tags>")
        }
        let all = isDistribution ? work.state.distributions : work.state.controls
        switch (request.method, path.count) {
        case ("GET", 1):
            let items = all.sorted { $0.key < $1.key }.filter { !isHidden($0.key, &work) }.map {
                summary($0.key, $0.value)
            }
            return .answer(200, "<List><Items>\(items.joined())</Items><IsTruncated>false</IsTruncated></List>")
        case ("GET", 2):
            guard let found = all[path[1]], !isHidden(path[1], &work) else {
                return error(404, isDistribution ? "NoSuchDistribution" : "NoSuchOriginAccessControl")
            }
            let polls = work.deployments[path[1]] ?? 0
            work.deployments[path[1]] = max(0, polls - 1)
            return .answer(
                200, resource(path[1], found, isDistribution, polls == 0 ? "Deployed" : "InProgress"),
                ["ETag": "E\(found.version)"])
        case ("DELETE", 2): return delete(request, path, all, &work)
        case ("POST", 1):
            let configuration = isDistribution ? body?["DistributionConfig"] : body
            guard let configuration else { return error(400, "MalformedXML") }
            let key = isDistribution ? "CallerReference" : "Name"
            guard !all.values.contains(where: { $0.configuration[key]?.text == configuration[key]?.text }) else {
                return error(409, isDistribution ? "DistributionAlreadyExists" : "OriginAccessControlAlreadyExists")
            }
            let made = Versioned(
                configuration: configuration, tags: tags(body?["Tags"]?["Items"]?.children ?? []))
            let id = "\(isDistribution ? "E" : "C")\(all.count + 1)"
            if isDistribution { work.state.distributions[id] = made } else { work.state.controls[id] = made }
            work.hidden[id] = work.hides
            return .answer(201, resource(id, made, isDistribution), ["ETag": "E1"])
        case ("PUT", 3):
            guard var found = all[path[1]], let body else { return error(404, "NoSuchDistribution") }
            guard request.headers("If-Match") == ["E\(found.version)"] else { return error(412, "PreconditionFailed") }
            found.configuration = body
            found.version += 1
            if isDistribution {
                work.state.distributions[path[1]] = found
                work.deployments[path[1]] = work.polls
            } else {
                work.state.controls[path[1]] = found
            }
            return .answer(200, resource(path[1], found, isDistribution), ["ETag": "E\(found.version)"])
        default: return error(405, "MethodNotAllowed")
        }
    }

    private static func summary(_ id: String, _ found: Versioned) -> String {
        let values = ["Name", "Comment"].map { "<\($0)>\(found.configuration[$0]?.text ?? "")</\($0)>" }.joined()
        let origins = found.configuration["Origins"].map { origins in
            String(decoding: origins.document(namespace: DistributionClient.namespace), as: UTF8.self)
                .split(separator: "\n").dropFirst().joined()
        }
        return "<Summary><Id>\(id)</Id><DomainName>\(domain(id))</DomainName>\(values)\(origins ?? "")</Summary>"
    }

    static func domain(_ id: String) -> String { "d\(id.lowercased()).cloudfront.net" }

    private static func resource(
        _ id: String, _ found: Versioned, _ isDistribution: Bool, _ status: String = "InProgress"
    ) -> String {
        let document = String(
            decoding: found.configuration.document(namespace: DistributionClient.namespace), as: UTF8.self)
        let inner = document.split(separator: "\n").dropFirst().joined(separator: "\n")
        return isDistribution
            ? "<Distribution><Id>\(id)</Id><Status>\(status)</Status><DomainName>\(domain(id))</DomainName>\(inner)"
                + "</Distribution>"
            : "<OriginAccessControl><Id>\(id)</Id>\(inner)</OriginAccessControl>"
    }

    // MARK: IAM and STS

    private static func iam(_ form: [String: String], _ account: String, _ work: inout Work) -> ScriptedTransport.Answer
    {
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
        if let answer = listOrDelete(action, form, arn, name, &work) { return answer }
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

import AWSXML
import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting

@testable import AWSPlugin

/// Distributions and origin access controls: an update needs the current ETag.
extension CloudInMemory {
    static func cloudFront(
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
}

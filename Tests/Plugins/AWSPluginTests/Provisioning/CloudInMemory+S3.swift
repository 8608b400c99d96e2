import AWSXML
import FoundationEssentials
import GatewayPluginAPI
import GatewayPluginTesting

@testable import AWSPlugin

/// The buckets.
extension CloudInMemory {
    static func s3(
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
}

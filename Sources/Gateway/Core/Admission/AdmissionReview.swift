import FoundationEssentials
package import JSON
import KubernetesAPI

/// A review that the API server asks for (admission.k8s.io/v1, and v1beta1), and the answer to it.
package struct AdmissionReview: Sendable, Equatable {
    /// Bytes of a body: the API server's own limit for an object.
    package static let maximumLength = 3 << 20

    /// What there is to decide.
    package enum Subject: Sendable, Equatable {
        /// A Pod that is to be made in that namespace. The Pod's own `metadata` need not name it.
        case pod(JSONValue, namespace: String)
        /// Nothing: a Pod's containers do not change after it was made, and a subresource is not the Pod.
        case nothing
        case refused(AdmissionDenial)
    }

    /// Echoed, since a client asks for the version that it knows.
    package let apiVersion: String
    package let uid: String
    package let subject: Subject

    /// Bytes of a `request.uid`; the API server's have 36.
    package static let longestUID = 256

    private static let versions = ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"]

    /// - Throws: where there is nobody to answer to. What is wrong beyond that is the ``subject``'s to say.
    package init(parsing body: [UInt8]) throws(AdmissionError) {
        guard body.count <= Self.maximumLength else { throw .tooLarge }
        let json: JSONValue
        do {
            json = try JSONValue(parsing: body)
        } catch {
            throw .malformed("the body is not JSON (\(error)); send an AdmissionReview")
        }
        guard case .object = json, json["kind"] == "AdmissionReview" else {
            throw .malformed("the body is no AdmissionReview; send one of \(Self.versions.joined(separator: ", "))")
        }
        guard let apiVersion = json["apiVersion"]?.stringValue, Self.versions.contains(apiVersion) else {
            throw .malformed(
                "the review is of another version; list v1 in the webhook's admissionReviewVersions")
        }
        guard let request = json["request"], case .object = request else {
            throw .malformed("the review has no request; send one with request.uid and request.object")
        }
        guard let uid = request["uid"]?.stringValue, !uid.isEmpty else {
            throw .malformed("the review has no request.uid; send the one that the answer is to bear")
        }
        guard uid.utf8.count <= Self.longestUID else {
            throw .malformed("request.uid is longer than \(Self.longestUID) bytes; send the API server's own")
        }
        self.apiVersion = apiVersion
        self.uid = uid
        subject = Self.subject(request)
    }

    private static func subject(_ request: JSONValue) -> Subject {
        guard let kind = request["kind"], kind["kind"] == "Pod", (kind["group"]?.stringValue ?? "").isEmpty,
            kind["version"] == "v1"
        else {
            return .refused(
                AdmissionDenial(.badRequest, "the review is not of a Pod (v1); let the webhook's rules name pods only"))
        }
        let subresource = request["subResource"]?.stringValue ?? ""
        guard request["operation"] == "CREATE", subresource.isEmpty else { return .nothing }
        guard let object = request["object"], object != .null else {
            return .refused(AdmissionDenial(.badRequest, "the review has no request.object; send the Pod"))
        }
        guard case .object = object, object["kind"] == nil || object["kind"] == "Pod" else {
            return .refused(AdmissionDenial(.badRequest, "request.object is no Pod; send the Pod"))
        }
        guard let namespace = request["namespace"]?.stringValue, KubernetesName.isLabel(namespace) else {
            return .refused(
                AdmissionDenial(.badRequest, "the review has no request.namespace; send the Pod's namespace"))
        }
        return .pod(object, namespace: namespace)
    }

    /// The Pod's name, or what its name is to begin with, such as `web-`; nil where it has neither, or none that
    /// Kubernetes could take.
    package var podName: String? {
        guard case .pod(let pod, _) = subject, let metadata = pod["metadata"] else { return nil }
        if let name = metadata["name"]?.stringValue, !name.isEmpty {
            return KubernetesName.isSubdomain(name) ? name : nil
        }
        guard let prefix = metadata["generateName"]?.stringValue else { return nil }
        return KubernetesName.isSubdomain("\(prefix)x") ? prefix : nil
    }

    /// The answer of a decision.
    package func answering(_ decision: AdmissionDecision) -> JSONValue {
        switch decision {
        case .admitted(let outcome): allowing(outcome.patch, warnings: outcome.warnings)
        case .denied(let denial): denying(denial)
        }
    }

    /// The answer that admits the object with the additions.
    ///
    /// - Parameter warnings: kubectl prints each to the Pod's author.
    package func allowing(_ patch: JSONPatch = JSONPatch(), warnings: [String] = []) -> JSONValue {
        var response: [JSONValue.Member] = [.init("allowed", true)]
        if !patch.isEmpty {
            response.append(.init("patchType", "JSONPatch"))
            response.append(.init("patch", .string(Data(patch.json.utf8Text).base64EncodedString())))
        }
        if !warnings.isEmpty { response.append(.init("warnings", .array(warnings.map(JSONValue.string)))) }
        return answer(response)
    }

    /// The answer that refuses the object.
    package func denying(_ denial: AdmissionDenial) -> JSONValue {
        var status: [JSONValue.Member] = [
            .init("code", .integer(denial.code.rawValue)), .init("reason", .string(denial.code.reason)),
            .init("message", .string(denial.message)),
        ]
        if let seconds = denial.code.retryAfter {
            status.append(.init("details", ["retryAfterSeconds": .integer(seconds)]))
        }
        return answer([.init("allowed", false), .init("status", .object(status))])
    }

    private func answer(_ response: [JSONValue.Member]) -> JSONValue {
        [
            "apiVersion": .string(apiVersion), "kind": "AdmissionReview",
            "response": .object([.init("uid", .string(uid))] + response),
        ]
    }
}

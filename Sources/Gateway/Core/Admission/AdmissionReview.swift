import FoundationEssentials
package import JSON
import KubernetesAPI

/// An AdmissionReview request of the API server (admission.k8s.io/v1 and v1beta1), and its response.
package struct AdmissionReview: Sendable, Equatable {
    /// The maximum length of a body in bytes: the API server's limit for an object.
    package static let maximumLength = 3 << 20

    /// What is reviewed.
    package enum Subject: Sendable, Equatable {
        /// A Pod to be created in that namespace. The Pod's `metadata` may have no namespace.
        case pod(JSONNode, namespace: String)
        /// An operation that needs no decision: an update of a Pod, or a subresource.
        case nothing
        /// An object that is not a valid Pod.
        case rejected(AdmissionDenial)
    }

    /// The version of the request; the response has the same one.
    package let apiVersion: String
    package let uid: String
    package let subject: Subject

    /// The maximum length of `request.uid` in bytes; those of the API server have 36.
    package static let maximumUIDLength = 256

    /// The maximum number of JSON values that are read of a review; those of the largest possible Pod are fewer.
    package static let maximumValueCount = 250_000

    /// What decisions look at. The rest of a review is as large as its author likes: `oldObject`, `managedFields`, `status`.
    private static let selection = JSONSelection.only([
        "kind": .whole, "apiVersion": .whole,
        "request": .only([
            "uid": .whole, "kind": .whole, "namespace": .whole, "operation": .whole, "subResource": .whole,
            "object": .except(["status"], ["metadata": .except(["managedFields"])]),
        ]),
    ])

    private static let versions = ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"]

    /// Reads a request.
    ///
    /// - Throws: where the body has no `request.uid` for a response. Other errors are in ``subject``.
    package init(parsing body: [UInt8]) throws(AdmissionError) {
        guard body.count <= Self.maximumLength else { throw .tooLarge(limit: Self.maximumLength) }
        let json: JSONNode
        do {
            json = try JSONNode(
                parsing: body, limits: JSONLimits(valueCount: Self.maximumValueCount), reading: Self.selection)
        } catch {
            throw .malformed("the body is not JSON (\(error)); send an AdmissionReview")
        }
        guard json.isObject, json["kind"]?.stringValue == "AdmissionReview" else {
            throw .malformed("the body is not an AdmissionReview; send one of \(Self.versions.joined(separator: ", "))")
        }
        guard let apiVersion = json["apiVersion"]?.stringValue, Self.versions.contains(apiVersion) else {
            throw .malformed(
                "the version of the review is not supported; list v1 in the webhook's admissionReviewVersions")
        }
        guard let request = json["request"], request.isObject else {
            throw .malformed("the review has no request; send one with request.uid and request.object")
        }
        guard let uid = request["uid"]?.stringValue, !uid.isEmpty else {
            throw .malformed("the review has no request.uid; send a unique ID")
        }
        guard uid.utf8.count <= Self.maximumUIDLength else {
            throw .malformed("request.uid is longer than \(Self.maximumUIDLength) bytes; send a shorter one")
        }
        self.apiVersion = apiVersion
        self.uid = uid
        subject = Self.subject(request)
    }

    private static func subject(_ request: JSONNode) -> Subject {
        guard let kind = request["kind"], kind["kind"]?.stringValue == "Pod",
            (kind["group"]?.stringValue ?? "").isEmpty, kind["version"]?.stringValue == "v1"
        else {
            return .rejected(
                AdmissionDenial(.badRequest, "the review is not for a Pod (v1); restrict the webhook's rules to pods"))
        }
        let subresource = request["subResource"]?.stringValue ?? ""
        guard request["operation"]?.stringValue == "CREATE", subresource.isEmpty else { return .nothing }
        guard let object = request["object"], !object.isNull else {
            return .rejected(AdmissionDenial(.badRequest, "the review has no request.object; send the Pod"))
        }
        guard object.isObject, object["kind"].map({ $0.stringValue == "Pod" }) ?? true else {
            return .rejected(AdmissionDenial(.badRequest, "request.object is not a Pod; send the Pod"))
        }
        guard let namespace = request["namespace"]?.stringValue, KubernetesName.isLabel(namespace) else {
            return .rejected(
                AdmissionDenial(.badRequest, "the review has no request.namespace; send the Pod's namespace"))
        }
        return .pod(object, namespace: namespace)
    }

    /// The Pod's name, or the prefix of a generated name, such as `web-`; nil where it has neither, or an invalid one.
    package var podName: String? {
        guard case .pod(let pod, _) = subject, let metadata = pod["metadata"] else { return nil }
        if let name = metadata["name"]?.stringValue, !name.isEmpty {
            return KubernetesName.isSubdomain(name) ? name : nil
        }
        guard let prefix = metadata["generateName"]?.stringValue else { return nil }
        return KubernetesName.isSubdomain("\(prefix)x") ? prefix : nil
    }

    /// The response with a decision.
    package func answering(_ decision: AdmissionDecision) -> JSONValue {
        switch decision {
        case .admitted(let outcome): allowing(outcome.patch, warnings: outcome.warnings)
        case .denied(let denial): denying(denial)
        }
    }

    /// The response that admits the object with the additions.
    ///
    /// - Parameter warnings: kubectl shows each to the Pod's author.
    package func allowing(_ patch: JSONPatch = JSONPatch(), warnings: [String] = []) -> JSONValue {
        var response: [JSONValue.Member] = [.init("allowed", true)]
        if !patch.isEmpty {
            response.append(.init("patchType", "JSONPatch"))
            response.append(.init("patch", .string(Data(patch.utf8Text).base64EncodedString())))
        }
        if !warnings.isEmpty { response.append(.init("warnings", .array(warnings.map(JSONValue.string)))) }
        return answer(response)
    }

    /// The response that denies the object.
    package func denying(_ denial: AdmissionDenial) -> JSONValue {
        var status: [JSONValue.Member] = [
            .init("code", .integer(denial.code.rawValue)), .init("reason", .string(denial.code.reason)),
            .init("message", .string("\(denial.message) (\(denial.errorCode))")),
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

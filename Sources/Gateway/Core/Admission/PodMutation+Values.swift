package import JSON

// Pods that are JSON values: of files, and of other parts of the gateway.

extension PodMutation {
    /// ``neededServiceAccount(of:)-(JSONNode)`` for a value.
    package func neededServiceAccount(of pod: JSONValue) -> NeededServiceAccount? {
        (try? JSONNode(pod)).flatMap { neededServiceAccount(of: $0) }
    }

    /// ``patch(_:namespace:serviceAccount:)-(JSONNode,_,_)`` for a value.
    package func patch(
        _ pod: JSONValue, namespace: String, serviceAccount: [String: String] = [:]
    ) throws(AdmissionDenial) -> Outcome {
        try patch(try JSONNode(pod: pod), namespace: namespace, serviceAccount: serviceAccount)
    }
}

extension PodReading {
    init(_ pod: JSONValue) throws(AdmissionDenial) { try self.init(try JSONNode(pod: pod)) }
}

extension JSONNode {
    fileprivate init(pod: JSONValue) throws(AdmissionDenial) {
        do {
            try self.init(pod)
        } catch {
            throw AdmissionDenial(.badRequest, "the Pod cannot be read (\(error.message)); send a valid one")
        }
    }
}

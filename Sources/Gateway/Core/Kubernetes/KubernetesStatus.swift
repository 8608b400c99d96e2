import JSON

/// The `Status` object (meta/v1) that an API server answers a failed request with.
package struct KubernetesStatus: Sendable, Equatable, Decodable {
    /// A word such as `Forbidden`, `NotFound` or `TooManyRequests`.
    package let reason: String?
    /// For people; it may quote what was sent.
    package let message: String?
    package let code: Int?
    package let retryAfterSeconds: Int?
    /// The fields that were refused, such as `data`; never their values.
    package let fields: [String]
    /// Whether nothing can be made in the namespace any more, since it is being deleted; told as 403.
    package let isNamespaceTerminating: Bool

    private struct Cause: Decodable {
        let reason: String?
        let field: String?
    }

    private enum CodingKeys: CodingKey { case kind, reason, message, code, details }
    private enum DetailsKeys: CodingKey { case retryAfterSeconds, causes }

    /// nil where the body is no Status.
    package init?(json: [UInt8]) {
        guard let status = try? JSONValue(parsing: json).decode(Self.self) else { return nil }
        self = status
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        guard try container.decode(String.self, forKey: .kind) == "Status" else {
            throw DecodingError.dataCorruptedError(forKey: .kind, in: container, debugDescription: "not a Status")
        }
        reason = try container.decodeIfPresent(String.self, forKey: .reason)
        message = try container.decodeIfPresent(String.self, forKey: .message)
        code = try container.decodeIfPresent(Int.self, forKey: .code)
        let details = try? container.nestedContainer(keyedBy: DetailsKeys.self, forKey: .details)
        retryAfterSeconds = try details?.decodeIfPresent(Int.self, forKey: .retryAfterSeconds)
        let causes = try? details?.decodeIfPresent([Cause].self, forKey: .causes)
        fields = (causes ?? []).compactMap(\.field)
        isNamespaceTerminating = (causes ?? []).contains { $0.reason == "NamespaceTerminating" }
    }
}

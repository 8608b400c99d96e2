import JSON

/// A `Status` object (meta/v1): the response of an API server to a failed request.
public struct KubernetesStatus: Sendable, Equatable, Decodable {
    /// A word such as `Forbidden`, `NotFound` or `TooManyRequests`.
    public let reason: String?
    /// A human-readable message; it may quote the request.
    public let message: String?
    /// The HTTP status.
    public let code: Int?
    /// Seconds after which the request may be repeated.
    public let retryAfterSeconds: Int?
    /// The rejected fields, such as `data`; without their values.
    public let fields: [String]
    /// Whether the namespace is being deleted, so that no object can be created in it; the status is 403.
    public let isNamespaceTerminating: Bool

    private struct Cause: Decodable {
        let reason: String?
        let field: String?
    }

    private enum CodingKeys: CodingKey { case kind, reason, message, code, details }
    private enum DetailsKeys: CodingKey { case retryAfterSeconds, causes }

    /// Reads the body of a response; nil if it is not a Status.
    public init?(json: [UInt8]) {
        guard let status = try? JSONValue(parsing: json).decode(Self.self) else { return nil }
        self = status
    }

    /// Decodes a Status.
    public init(from decoder: any Decoder) throws {
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

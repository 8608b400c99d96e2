import CloudAPI
import FoundationEssentials
import GatewayPluginAPI
import JSON

/// The two calls of Blob Storage that publishing needs (Azure Storage REST API: Get Blob, Put Blob), authorized by an access
/// token.
struct BlobClient: Sendable {
    let transport: any HTTPTransport
    let authorities: @Sendable () throws(PublishError) -> String?
    let tokens: AccessTokenCache
    let now: @Sendable () -> Date

    /// The value of `x-ms-version`. Access tokens need 2017-11-09 or later.
    static let version = "2023-11-03"

    /// Reads a blob.
    ///
    /// - Parameter known: the entity tag of a state that need not be sent again.
    /// - Returns: the response, with the status 200, 304 (unchanged) or 404 (no such blob).
    func get(_ url: String, unless known: String?) async throws(PublishError) -> HTTPTransportResponse {
        let headers = known.map { [HTTPHeaderField("If-None-Match", $0)] } ?? []
        let response = try await send("GET", url, headers: headers, body: [])
        if response.status == 200 || response.status == 304 { return response }
        let failure = BlobFailure(response)
        if response.status == 404, failure.code != "ContainerNotFound" { return response }
        throw failure.error("GET \(url)")
    }

    /// Writes a block blob.
    ///
    /// - Returns: its new entity tag.
    func put(_ url: String, _ content: [UInt8], headers: [HTTPHeaderField]) async throws(PublishError) -> String {
        let response = try await send(
            "PUT", url, headers: [HTTPHeaderField("x-ms-blob-type", "BlockBlob")] + headers, body: content)
        guard response.status == 201 else { throw BlobFailure(response).error("PUT \(url)") }
        guard let tag = response.header("ETag"), !tag.isEmpty else {
            throw PublishError(.malformed, "PUT \(url): the response has no ETag; check publish.endpoints.blob")
        }
        return tag
    }

    /// Where the token is rejected, the request is sent once more with a new one.
    private func send(
        _ method: String, _ url: String, headers: [HTTPHeaderField], body: [UInt8]
    ) async throws(PublishError) -> HTTPTransportResponse {
        for isRepeated in [false, true] {
            let token = try await tokens.current()
            var request = HTTPTransportRequest(
                method: method, url: url,
                headers: headers + [
                    HTTPHeaderField("x-ms-version", Self.version), HTTPHeaderField("x-ms-date", HTTPDate.text(now())),
                    HTTPHeaderField("Authorization", "Bearer \(token)"),
                ], body: body)
            request.certificateAuthorities = try authorities()
            let response: HTTPTransportResponse
            do {
                response = try await transport.send(request)
            } catch {
                throw PublishError(
                    .unavailable, "\(method) \(url): \(error); check network, proxy and publish.caFile")
            }
            guard response.status == 401 else { return response }
            await tokens.discard(token)
            if isRepeated { return response }
        }
        throw PublishError(.denied, "\(method) \(url): the access token is not accepted")
    }
}

/// What Blob Storage says about a failure: the code in `x-ms-error-code` ("Blob service error codes").
struct BlobFailure: Sendable {
    let status: Int
    let code: String
    private let retryAfter: Int?
    private let reference: String?

    init(_ response: HTTPTransportResponse) {
        status = response.status
        let text = response.header("x-ms-error-code") ?? ""
        code = String(Quotation.of(text).dropFirst().dropLast())
        retryAfter = response.header("Retry-After").flatMap { Int($0) }.map { max(0, min($0, 3_600)) }
        reference = response.header("x-ms-request-id")
    }

    func error(_ call: String) -> PublishError {
        let (kind, advice) = meaning
        return PublishError(
            kind, "\(call): status \(status)" + (code.isEmpty ? "" : " \(code)") + "; \(advice)",
            retryAfter: retryAfter,
            reference: reference)
    }

    private var meaning: (PublishError.Kind, String) {
        switch (status, code) {
        case (412, "LeaseIdMissing"): (.misconfigured, "the blob has a lease; break it")
        case (409, "BlobImmutableDueToPolicy"), (409, "BlobImmutableDueToLegalHold"):
            (.misconfigured, "the container has an immutability policy; use another container")
        case (409, _), (412, _): (.conflict, "another writer changed it")
        case (404, "ContainerNotFound"):
            (.misconfigured, "create the container, or enable the static website, or correct publish.container")
        case (404, _): (.misconfigured, "correct publish.account")
        case (401, _): (.denied, "the access token is not accepted; check publish.tenant and the cloud")
        case (403, "AuthorizationFailure"):
            (.denied, "the account's network rules or its settings do not allow the gateway")
        case (403, _):
            (.denied, "assign the role Storage Blob Data Contributor of the container to the publisher's identity")
        case (429, _), (503, _): (.throttled, "the gateway tries again later")
        case (408, _), (500..., _): (.unavailable, "the gateway tries again")
        case (300..<400, _): (.misconfigured, "redirects are not followed; correct publish.endpoints.blob")
        default: (.misconfigured, "see docs/plugins/azure.md; check for a proxy in between")
        }
    }
}

/// A date as HTTP has it (RFC 9110 §5.6.7), such as `Sun, 06 Nov 1994 08:49:37 GMT`.
enum HTTPDate {
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    static func text(_ date: Date) -> String {
        let seconds = Int(min(max(date.timeIntervalSince1970, 0), 253_402_300_799))
        let (day, time) = (seconds / 86_400, seconds % 86_400)
        // The civil date of a day since 1970-01-01, by eras of 400 years that begin in March.
        let shifted = day + 719_468
        let era = shifted / 146_097, dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let dayOfMonth = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(days[day % 7]), \(two(dayOfMonth)) \(months[month - 1]) \(year) "
            + "\(two(time / 3_600)):\(two(time / 60 % 60)):\(two(time % 60)) GMT"
    }
}

import Crypto
import FoundationEssentials
import GatewayPluginAPI
import JSON

/// The credentials of IAM Identity Center for a profile, with the token that `aws sso login` has cached (IAM Identity Center
/// Portal API Reference, GetRoleCredentials). The token is not refreshed.
struct SSOCredentials: Sendable {
    let profile: String
    let environment: @Sendable (String) -> String?
    let files: any PublisherFiles
    let transport: any HTTPTransport
    let now: @Sendable () -> Date

    /// Whether the profile's credentials are those of IAM Identity Center.
    static func isSetUp(_ values: [String: String]) -> Bool {
        values["sso_role_name"] != nil || values["sso_account_id"] != nil
    }

    func credentials(
        _ values: [String: String], _ configuration: SharedConfiguration
    ) async throws(PublishError) -> AccessKey {
        let place = "the profile \(Quotation.of(profile))"
        var values = values
        let session = values["sso_session"]
        if let session {
            guard let found = configuration.sessions[session] else {
                throw PublishError(.misconfigured, "\(place): missing section [sso-session \(session)]; add it")
            }
            for (key, value) in found {
                guard values[key] ?? value == value else {
                    throw PublishError(
                        .misconfigured, "\(place): \(key) differs from that of its sso-session; remove one of them")
                }
                values[key] = value
            }
        }
        func required(_ key: String) throws(PublishError) -> String {
            guard let value = values[key], !value.isEmpty else {
                throw PublishError(.misconfigured, "\(place): missing \(key), which single sign-on needs; add it")
            }
            return value
        }
        let role = try required("sso_role_name"), account = try required("sso_account_id")
        let start = try required("sso_start_url"), regionName = try required("sso_region")
        guard let region = Region(regionName) else {
            throw PublishError(.misconfigured, "\(place): invalid sso_region \(Quotation.of(regionName))")
        }
        let token = try cachedToken(session ?? start)
        let host = ServiceEndpoint(host: "portal.sso.\(region).\(region.partition.domain)")
        let given = ["AWS_ENDPOINT_URL_SSO", "AWS_ENDPOINT_URL"].lazy.compactMap { environment($0) }
            .first { !$0.isEmpty }
        let endpoint = given.flatMap(ServiceEndpoint.init) ?? host
        let call = "sso:GetRoleCredentials for \(place)"
        let response: HTTPTransportResponse
        do {
            response = try await transport.send(
                HTTPTransportRequest(
                    method: "GET",
                    url: "\(endpoint.url)/federation/credentials?account_id=\(PercentEncoding.encode(account.utf8))"
                        + "&role_name=\(PercentEncoding.encode(role.utf8))",
                    headers: [HTTPHeaderField("x-amz-sso_bearer_token", token)], maximumResponseBytes: 1 << 16))
        } catch {
            throw PublishError(error, calling: call)
        }
        switch response.status {
        case 200: break
        case 401: throw expired("is not accepted any more")
        case 403, 404:
            throw PublishError(
                .denied,
                "\(call): status \(response.status); check sso_account_id and sso_role_name, which must be "
                    + "assigned to you")
        case 429: throw PublishError(.throttled, "\(call): status 429; try again")
        case 500...: throw PublishError(.unavailable, "\(call): status \(response.status); try again")
        default: throw PublishError(.denied, "\(call): status \(response.status)")
        }
        let json = try? JSONValue(parsing: response.body)["roleCredentials"]
        func text(_ name: String) -> String? {
            if case .string(let text) = json?[name], !text.isEmpty { return text }
            return nil
        }
        guard let id = text("accessKeyId"), let secret = text("secretAccessKey"),
            let sessionToken = text("sessionToken"),
            case .integer(let milliseconds) = json?["expiration"]
        else { throw PublishError(.malformed, "\(call): the response has no credentials") }
        return AccessKey(
            id: id, secret: secret, sessionToken: sessionToken,
            expiration: Date(timeIntervalSince1970: Double(milliseconds) / 1_000))
    }

    /// - Parameter name: of the sso-session, or the start URL.
    private func cachedToken(_ name: String) throws(PublishError) -> String {
        let digest = SigV4Signer.hexadecimal(Insecure.SHA1.hash(data: Array(name.utf8)))
        guard let home = environment("HOME"), !home.isEmpty,
            let content = try files.read("\(home)/.aws/sso/cache/\(digest).json"),
            let json = try? JSONValue(parsing: content)
        else { throw expired("does not exist") }
        guard case .string(let token) = json["accessToken"], case .string(let end) = json["expiresAt"],
            let expiration = Timestamp.date(end.hasSuffix("UTC") ? end.dropLast(3) + "Z" : end), !token.isEmpty,
            token.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw expired("is not valid") }
        guard expiration > now() else { throw expired("expired at \(expiration.formatted(.iso8601))") }
        return token
    }

    private func expired(_ reason: String) -> PublishError {
        PublishError(
            .denied,
            "the single sign-on token of the profile \(Quotation.of(profile)) \(reason); run: aws sso login --profile "
                + ShellWords.quoted(profile))
    }
}

extension ShellWords {
    /// A word for a command line that a person copies.
    static func quoted(_ word: String) -> String {
        let isPlain =
            !word.isEmpty
            && word.utf8.allSatisfy { byte in
                "-_./:=,@+".utf8.contains(byte) || (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                    || (0x61...0x7A).contains(byte)
            }
        return isPlain
            ? word : "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}

import AWSXML
import FoundationEssentials
import GatewayPluginAPI
import Logging

/// A role that is assumed with other credentials (STS API Reference, AssumeRole).
struct AssumedRole: Sendable {
    let role: String
    let sessionName: String
    var externalID: String?
    /// nil for the default of STS, one hour.
    var seconds: Int?
    let sts: STSClient
    let now: @Sendable () -> Date

    /// - Parameter place: what names the role, for error texts.
    func session(_ source: AccessKey, _ place: String) async throws(PublishError) -> AccessKey {
        let arn: RoleARN
        do {
            arn = try RoleARN(role)
        } catch {
            throw PublishError(.misconfigured, "\(place): \(error)")
        }
        let client = AWSClient(
            transport: sts.transport,
            credentials: CredentialCache(
                sources: [(.profile, Known(key: source))], now: now,
                logger: Logger(label: "sts", factory: { _ in SwiftLogNoOpLogHandler() })), now: now,
            authorities: sts.authorities)
        let service = AdministrationClient(
            client: client, endpoint: sts.endpoint, signer: SigV4Signer(service: .sts, region: signingRegion(arn)))
        var call = IAMClient.Call(
            "AssumeRole", on: arn.description,
            [("RoleArn", arn.description), ("RoleSessionName", sessionName)])
        if let seconds { call.parameters.append(("DurationSeconds", "\(seconds)")) }
        if let externalID { call.parameters.append(("ExternalId", externalID)) }
        let result: XMLElement
        do {
            result = try await IAMClient(sts: service).send(call, service: "sts")
        } catch {
            let reason = error.provisioningError
            throw PublishError(reason.kind == .transient ? .unavailable : .denied, "\(place): \(reason)")
        }
        let found = result["Credentials"]
        guard let id = found?["AccessKeyId"]?.text, let secret = found?["SecretAccessKey"]?.text,
            let token = found?["SessionToken"]?.text, let end = found?["Expiration"]?.text, !id.isEmpty,
            !secret.isEmpty,
            let expiration = Timestamp.date(end)
        else { throw PublishError(.malformed, "\(place): sts:AssumeRole returned no credentials") }
        return AccessKey(id: id, secret: secret, sessionToken: token, expiration: expiration)
    }

    private func signingRegion(_ arn: RoleARN) -> String {
        // `sts.eu-central-1.amazonaws.com`; an override of the endpoint may have any name.
        let words = sts.endpoint.authority.split(separator: ".").map(String.init)
        return words.lazy.compactMap { Region($0) }.first?.rawValue ?? arn.partition.iam.region
    }

    private struct Known: CredentialProviding {
        let key: AccessKey
        func credentials() async throws(PublishError) -> AccessKey? { key }
    }
}

/// The credentials of one account of `provision.accounts`.
struct AccountCredentials: CredentialProviding {
    let base: AdministratorCredentials
    /// The ARN of the role that is assumed.
    let role: String
    let account: String

    func credentials() async throws(PublishError) -> AccessKey? {
        guard let key = try await base.credentials() else { return nil }
        return try await AssumedRole(
            role: role, sessionName: AdministratorCredentials.sessionName, sts: base.sts, now: base.now
        ).session(key, "provision.accounts.\(account).role")
    }
}

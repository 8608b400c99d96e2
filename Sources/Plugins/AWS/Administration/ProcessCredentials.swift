import GatewayPluginAPI
import JSON

/// `credential_process` of a profile: a program that writes credentials as JSON (AWS SDKs and Tools Reference Guide,
/// "Process credential provider"). Its output is in no error text.
struct ProcessCredentials: Sendable {
    let profile: String
    let programs: (any ProgramRunning)?

    /// Seconds.
    static let timeout = 60
    static let maximumOutput = 64 << 10

    func credentials(_ command: String) async throws(PublishError) -> AccessKey {
        let place = "credential_process of the profile \(Quotation.of(profile))"
        guard let words = ShellWords.split(command), !words.isEmpty else {
            throw PublishError(.misconfigured, "\(place): invalid command line; close each quotation mark")
        }
        guard let programs else { throw PublishError(.denied, "\(place): no program may run here") }
        let output: [UInt8]
        do {
            output = try await programs.run(words, timeout: Self.timeout, maximumBytes: Self.maximumOutput)
        } catch {
            throw PublishError(.denied, "\(place) \(error); run it by hand to see why")
        }
        let json = try? JSONValue(parsing: output)
        func text(_ name: String) -> String? {
            if case .string(let text) = json?[name], !text.isEmpty { return text }
            return nil
        }
        guard json?["Version"] == .integer(1) else {
            throw PublishError(.malformed, "\(place) wrote no JSON with Version 1")
        }
        guard let id = text("AccessKeyId"), let secret = text("SecretAccessKey") else {
            throw PublishError(.malformed, "\(place) wrote no AccessKeyId and SecretAccessKey")
        }
        let end = text("Expiration")
        let expiration = end.flatMap(Timestamp.date)
        guard end == nil || expiration != nil else {
            throw PublishError(.malformed, "\(place) wrote an invalid Expiration; expected an ISO 8601 time")
        }
        return AccessKey(id: id, secret: secret, sessionToken: text("SessionToken"), expiration: expiration)
    }
}

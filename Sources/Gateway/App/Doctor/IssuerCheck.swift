import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import GatewayServer
import JOSE
import JSON
import KubernetesAPI

/// Reads the issuer's documents at the public URL as a verifier does.
struct IssuerCheck: Sendable {
    let context: DoctorContext
    let endpoint: EndpointConfiguration

    private static let publish = "sts-gateway publish --config FILE --endpoint"

    /// - Parameter token: a token of the endpoint; nil where none was minted.
    func findings(token: IssuedJWT?) async -> [DoctorFinding] {
        guard endpoint.publisher?.plan.keyHandOver == nil else {
            return [
                .notChecked(
                    .issuer, "documents", of: endpoint.name,
                    "the relying party stores the keys, and does not read the issuer URL")
            ]
        }
        var findings: [DoctorFinding] = []
        // A private issuer has no discovery document that anybody reads.
        if endpoint.issuer.host.hasSuffix(".internal") {
            guard let keysURL = endpoint.keysURL else {
                return [
                    .notChecked(
                        .issuer, "documents", of: endpoint.name,
                        "the issuer's host \(endpoint.issuer.host) is private, and issuer.jwksURI is not set")
                ]
            }
            await checkKeys(keysURL, token, &findings)
            return findings
        }
        let discoveryURL = endpoint.issuer.discoveryURL
        guard let discovery = await read(discoveryURL, "discovery", &findings) else { return findings }
        guard let json = try? JSONValue(parsing: discovery.body), case .object = json else {
            findings.append(content("discovery", "\(discoveryURL) is not JSON"))
            return findings
        }
        if json["issuer"]?.stringValue?.isExactly(endpoint.issuer.url) != true {
            findings.append(
                content(
                    "discovery",
                    "issuer is \(json["issuer"]?.stringValue ?? "missing"), and that of the endpoint \(endpoint.issuer.url)"
                ))
        }
        guard let keysURL = json["jwks_uri"]?.stringValue, keysURL.hasPrefix("https://") else {
            findings.append(content("discovery", "jwks_uri is missing, or not https"))
            return findings
        }
        if !findings.contains(where: { $0.status == .failed }) {
            findings.append(.ok(.issuer, "discovery", of: endpoint.name, discoveryURL))
        }
        await checkKeys(keysURL, token, &findings)
        // Verifiers that have read an older discovery document use that path.
        if endpoint.issuer.jwksPath != nil { await checkKeys(endpoint.issuer.url + Issuer.keysPath, token, &findings) }
        return findings
    }

    private func checkKeys(_ url: String, _ token: IssuedJWT?, _ findings: inout [DoctorFinding]) async {
        guard let document = await read(url, "keys", &findings) else { return }
        guard let keys = try? JSONWebKeySet(parsing: document.body) else {
            findings.append(content("keys", "\(url) is no JSON Web Key Set"))
            return
        }
        findings.append(await compare(keys, url, token))
    }

    private func content(_ check: String, _ cause: String) -> DoctorFinding {
        .failed(
            .issuer, check, of: endpoint.name, .issuerContent, cause, advice: "\(Self.publish) \(endpoint.name)")
    }

    /// Reads a document, and checks its header fields.
    private func read(
        _ url: String, _ check: String, _ findings: inout [DoctorFinding]
    ) async -> HTTPTransportResponse? {
        let response: HTTPTransportResponse
        do {
            response = try await context.transport.read(url, of: endpoint)
        } catch {
            findings.append(.failure(.issuer, check, of: endpoint.name, IssuerReadingFailure.failure(url, error)))
            return nil
        }
        if let failure = IssuerReadingFailure.failure(url, response) {
            findings.append(.failure(.issuer, check, of: endpoint.name, failure))
            return nil
        }
        let type = (response.header("Content-Type") ?? "").split(separator: ";").first.map(String.init) ?? ""
        if !["application/json", "application/jwk-set+json"].contains(type.lowercased()) {
            findings.append(
                .warning(
                    .issuer, check, of: endpoint.name, .issuerContent,
                    "\(url) has the content type \(type.isEmpty ? "none" : type)",
                    advice: "serve application/json"))
        }
        findings += caching(response, url, check)
        return response
    }

    private func caching(_ response: HTTPTransportResponse, _ url: String, _ check: String) -> [DoctorFinding] {
        var findings: [DoctorFinding] = []
        let directives = (response.header("Cache-Control") ?? "").lowercased().split(separator: ",")
        let age = directives.lazy.map { $0.filter { !$0.isWhitespace } }.first { $0.hasPrefix("max-age=") }
            .flatMap { Int($0.dropFirst("max-age=".count)) }
        let maximum = endpoint.rotation.maximumAge
        if age.map({ $0 > maximum }) ?? true {
            findings.append(
                .warning(
                    .issuer, check, of: endpoint.name, .issuerCaching,
                    "\(url) has \(age.map { "max-age=\($0)" } ?? "no max-age"), and the rotation waits for "
                        + "max-age=\(maximum)",
                    advice: "serve Cache-Control: max-age=\(maximum), or raise rotation.maxAge"))
        }
        if let date = response.header("Date").flatMap({ HTTPDate.date($0) }), response.header("Age") == nil {
            let ahead = context.now.timeIntervalSince(date)
            // A cache may answer without Age, with a time of the past.
            if ahead < -ClockReading.tolerance {
                findings.append(
                    .warning(
                        .issuer, check, of: endpoint.name, .clock,
                        "this machine's clock is \(Int(-ahead)) s behind that of \(endpoint.issuer.host)",
                        advice: "synchronize the clock (NTP)"))
            }
        }
        return findings
    }

    /// Compares the keys with those that the gateway serves itself, or with that of a token.
    private func compare(_ keys: JSONWebKeySet, _ url: String, _ token: IssuedJWT?) async -> DoctorFinding {
        let served = Set(keys.keys.map(\.keyID.rawValue))
        var expected: Set<String> = []
        if let kid = token?.jwt.header.keyID?.rawValue { expected.insert(kid) }
        var own: JSONWebKeySet?
        if case .success(let calls) = context.calls,
            let reply = try? await calls.send("\(endpoint.path)\(Issuer.keysPath)"), reply.status == 200
        {
            own = try? JSONWebKeySet(parsing: reply.body)
        }
        if let own { expected.formUnion(own.keys.map(\.keyID.rawValue)) }
        let missing = expected.subtracting(served)
        guard missing.isEmpty else {
            return .failed(
                .issuer, "keys", of: endpoint.name, .issuerKeyMissing,
                "\(url) lacks \(missing.sorted().joined(separator: ", ")) of the gateway",
                advice: "\(Self.publish) \(endpoint.name); a cache may serve the old key set for minutes")
        }
        let foreign = own == nil ? [] : served.subtracting(expected)
        guard foreign.isEmpty else {
            return .warning(
                .issuer, "keys", of: endpoint.name, .issuerKeyMissing,
                "\(url) has \(foreign.sorted().joined(separator: ", ")), which the gateway does not have",
                advice: "\(Self.publish) \(endpoint.name) --check; if no cache explains it, treat it as a leak")
        }
        if let token {
            do throws(JOSEError) {
                try token.jwt.verify(with: keys)
            } catch {
                return .failed(
                    .issuer, "keys", of: endpoint.name, .tokenNotVerified,
                    "the signature of the minted token is not valid under \(url)",
                    advice: "\(Self.publish) \(endpoint.name) --check")
            }
        }
        let names = served.sorted().joined(separator: ", ")
        return expected.isEmpty
            ? .notChecked(
                .issuer, "keys", of: endpoint.name, "\(url) has \(names); the gateway's own keys cannot be read")
            : .ok(
                .issuer, "keys", of: endpoint.name, "\(url) has \(names)\(token == nil ? "" : "; the token verifies")")
    }
}

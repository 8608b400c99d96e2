/// The stable code of an error, which `docs/troubleshooting.md` explains below `#sts1001` and so on. A code that was
/// released does not change its meaning.
///
/// The codes of responses to token calls are one per row of the wire contract, so that a caller learns no more than
/// from the status and the `error`.
package enum ErrorCode: String, Sendable, CaseIterable, CustomStringConvertible {
    // Responses to callers, by status and `error`.
    case invalidRequest = "STS1001"
    case unsupportedGrantType = "STS1002"
    case invalidTarget = "STS1003"
    case invalidToken = "STS1004"
    case insufficientScope = "STS1005"
    case contentTooLarge = "STS1006"
    case headerTooLarge = "STS1007"
    case tooManyRequests = "STS1008"
    case temporarilyUnavailable = "STS1009"
    case methodNotAllowed = "STS1010"
    case notFound = "STS1011"
    case serverError = "STS1012"

    // Why there is no token: log, audit and Event only.
    case malformedSubjectToken = "STS1101"
    case expiredSubjectToken = "STS1102"
    case subjectTokenNotYetValid = "STS1103"
    case foreignAudience = "STS1104"
    case unauthenticatedSubjectToken = "STS1105"
    case notServiceAccount = "STS1106"
    case subjectTokenWithoutPod = "STS1107"
    case workloadGone = "STS1108"
    case deniedByPolicy = "STS1110"
    case unissuable = "STS1111"
    case foreignTarget = "STS1112"
    case reviewUnavailable = "STS1113"
    case noSigningKey = "STS1114"
    case serviceAccountLimit = "STS1115"
    case sourceLimit = "STS1116"
    case totalLimit = "STS1117"
    case malformedRequest = "STS1118"
    case callFailed = "STS1119"
    case signingOverloaded = "STS1120"

    // The admission webhook.
    case invalidReview = "STS1201"
    case podDenied = "STS1202"
    case reviewNotPossible = "STS1203"
    case reviewTooLarge = "STS1204"
    case malformedReview = "STS1205"

    // The configuration.
    case configurationError = "STS1301"
    case configurationWarning = "STS1302"

    // Stored documents.
    case storeConflict = "STS1401"
    case malformedDocument = "STS1402"
    case foreignDocument = "STS1403"
    case newerDocument = "STS1404"
    case storeUnavailable = "STS1405"
    case operationRejected = "STS1406"
    case documentRestored = "STS1407"

    // The cluster.
    case apiServer = "STS1411"
    case clock = "STS1412"
    case election = "STS1413"
    case webhookSkipped = "STS1414"
    case webhookConflict = "STS1415"
    case policiesRejected = "STS1416"

    // Publication and provisioning.
    case publishConflict = "STS1501"
    case publishDenied = "STS1502"
    case publishMisconfigured = "STS1503"
    case publishThrottled = "STS1504"
    case publishUnavailable = "STS1505"
    case publishMalformed = "STS1506"
    case publicationConflict = "STS1507"
    case provisioningInterrupted = "STS1511"
    case provisioningFailed = "STS1512"

    // The commands.
    case activationNotYet = "STS1801"
    case statusUnreachable = "STS1802"
    case usage = "STS1803"
    case provisioningSettings = "STS1804"

    // The replica.
    case notListening = "STS1901"
    case noServingCertificate = "STS1902"
    case servingCertificateTime = "STS1903"
    case podsWithoutAuthority = "STS1904"
    case documentsDiffer = "STS1905"
    case statusNotLocal = "STS1906"
    case shutdownTimedOut = "STS1907"
    case serviceEnded = "STS1908"
    case logLinesDropped = "STS1909"
    case unspecified = "STS1910"

    // Findings of doctor, and errors of token: how the cluster and the gateway are reached.
    case kubeconfigUnusable = "STS2001"
    case permissionMissing = "STS2002"
    case gatewayUnreachable = "STS2003"
    case noReplica = "STS2004"
    case replicaNotReady = "STS2005"
    case noLeader = "STS2006"
    case keyRingUnusable = "STS2007"
    case publicationFailed = "STS2008"

    // Findings of doctor: the webhook.
    case webhookMissing = "STS2011"
    case webhookDiffers = "STS2012"
    case webhookUntrusted = "STS2013"
    case dryRunRejected = "STS2014"
    case webhookCertificateName = "STS2015"

    // Findings of doctor: a workload.
    case workloadMissing = "STS2021"
    case workloadUnlabeled = "STS2022"
    case workloadUnannotated = "STS2023"
    case workloadNotInjected = "STS2024"
    case projectedTokenMissing = "STS2025"
    case sidecarFailing = "STS2026"

    // Findings of doctor: the documents at the issuer URL.
    case issuerUnreachable = "STS2031"
    case issuerCertificate = "STS2032"
    case issuerDocumentMissing = "STS2033"
    case issuerRedirect = "STS2034"
    case issuerContent = "STS2035"
    case issuerCaching = "STS2036"
    case issuerKeyMissing = "STS2037"
    case tokenNotVerified = "STS2038"

    // Findings of doctor: the relying party.
    case partyUnreadable = "STS2041"
    case partyIssuer = "STS2042"
    case partyAudience = "STS2043"
    case partyIdentity = "STS2044"
    case partyTrustWide = "STS2045"
    case partyTrustMismatch = "STS2046"
    case partySetting = "STS2047"
    case partyExchange = "STS2048"

    // Findings of doctor: the node driver.
    case nodeDriverMissing = "STS2051"
    case nodeDriverDiffers = "STS2052"
    case nodeDriverNotReady = "STS2053"
    case nodeDriverUntrusted = "STS2054"

    // Doctor: admission policies.
    case policyMissing = "STS2061"
    case policyDiffers = "STS2062"
    case policyNewer = "STS2063"
    case policyBesideWebhook = "STS2064"
    case nothingInjects = "STS2065"
    case policyUnsupported = "STS2066"
    case policyUntrusted = "STS2067"

    // Findings of doctor: a workload that has not started.
    case workloadPending = "STS2090"

    package var description: String { rawValue }

    /// The text with the code at its end, unless it ends with one.
    package func ending(_ text: String) -> String {
        text.hasSuffix(")") && text.dropLast().suffix(7).hasPrefix("STS") ? text : "\(text) (\(rawValue))"
    }

    /// The text without the code at its end.
    package func beginning(of text: String) -> String {
        let suffix = " (\(rawValue))"
        return text.hasSuffix(suffix) ? String(text.dropLast(suffix.count)) : text
    }

    /// The section of `docs/troubleshooting.md`.
    package var link: String { "docs/troubleshooting.md#\(rawValue.lowercased())" }

    /// The code of an error response.
    ///
    /// - Parameter error: the `error` of the body.
    package static func response(status: Int, error: String) -> ErrorCode {
        switch (status, error) {
        case (_, "unsupported_grant_type"): .unsupportedGrantType
        case (_, "invalid_target"): .invalidTarget
        case (_, "status_not_local"): .statusNotLocal
        case (401, _): .invalidToken
        case (403, _): .insufficientScope
        case (404, _): .notFound
        case (405, _): .methodNotAllowed
        case (413, _): .contentTooLarge
        case (429, _): .tooManyRequests
        case (431, _): .headerTooLarge
        case (503, _): .temporarilyUnavailable
        // What the gateway does not implement is a fault of the request.
        case (501, _), (505, _): .invalidRequest
        case (500..., _): .serverError
        default: .invalidRequest
        }
    }
}

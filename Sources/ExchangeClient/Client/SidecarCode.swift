/// The stable code of an error, which the gateway's `docs/troubleshooting.md` explains.
package enum SidecarCode: String, CaseIterable {
    /// The subject token file is missing, empty or invalid.
    case subjectToken = "STS1601"
    /// A file or folder cannot be read or written.
    case file = "STS1602"
    /// The gateway's name has no address.
    case resolution = "STS1603"
    /// No connection, or it broke.
    case connection = "STS1604"
    /// The gateway's certificate is not valid, or no CA is readable.
    case certificate = "STS1605"
    case timeout = "STS1606"
    /// The gateway responded with an error, whose code may follow.
    case response = "STS1607"
    /// The response is not that of a gateway.
    case malformedResponse = "STS1608"
    /// The system lacks memory or descriptors.
    case system = "STS1609"
    /// An option or a variable is not valid.
    case usage = "STS1610"
    /// `probe`: a token is missing, invalid or expired.
    case token = "STS1611"
    /// A call of the kubelet to the node driver is not valid or not possible.
    case volumeCall = "STS1911"
    /// The kubelet rejected the registration of the node driver.
    case registration = "STS1912"
    /// The file with the node driver's endpoints.
    case endpointSettings = "STS1913"
}

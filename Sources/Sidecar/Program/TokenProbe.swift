/// Whether a Pod may start: every token file is there and its token is in force. Asks nobody.
enum TokenProbe {
    /// - Parameter wall: now, in seconds since 1970.
    /// - Returns: a reason for each file that will not do.
    static func problems(_ options: Options, at wall: Double) -> [String] {
        options.endpoints.compactMap { endpoint in
            let file = options.tokenFile(endpoint)
            do throws(SidecarError) {
                let bytes = try BoundedFile.read(file, maximumBytes: IssuedToken.maximumBytes)
                guard let token = IssuedToken(bytes) else { return "\(endpoint.name): \"\(file)\" holds no token" }
                guard token.expires > wall else {
                    return "\(endpoint.name): the token ended at \(Clock.text(token.expires))"
                }
                return nil
            } catch {
                return "\(endpoint.name): \(error.reason)"
            }
        }
    }
}

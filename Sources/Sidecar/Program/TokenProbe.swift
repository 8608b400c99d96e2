import ExchangeClient

/// The startup probe of a Pod: every token file must exist, its token must not be expired, and the
/// files beside it must exist. It uses no network.
enum TokenProbe {
    /// - Parameter wall: now, in seconds since 1970.
    /// - Returns: one problem for each missing or invalid token.
    static func problems(_ options: Options, at wall: Double) -> [String] {
        options.endpoints.compactMap { endpoint in
            let file = options.tokenFile(endpoint)
            do throws(SidecarError) {
                let bytes = try BoundedFile.read(file, maximumBytes: IssuedToken.maximumBytes)
                guard let token = IssuedToken(bytes) else {
                    return "\(endpoint.name): \"\(file)\" does not contain a JWT (\(SidecarCode.token.rawValue))"
                }
                guard token.expires > wall else {
                    return
                        "\(endpoint.name): the token expired at \(Clock.text(token.expires)) (\(SidecarCode.token.rawValue))"
                }
                for rendered in endpoint.files {
                    let path = options.path(rendered.name, endpoint)
                    let contents = try BoundedFile.read(path, maximumBytes: RenderedFile.maximumBytes)
                    guard contents == rendered.contents else {
                        return "\(endpoint.name): \"\(path)\" has another content than STS_FILES"
                    }
                }
                return nil
            } catch {
                return "\(endpoint.name): \(error.reason) (\(error.code.rawValue))"
            }
        }
    }
}

enum NodeVersion {
    /// The version of the project, equal to that of the gateway.
    static let text = "0.2.0"
}

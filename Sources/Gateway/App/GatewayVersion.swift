enum GatewayVersion {
    static let current = "0.2.0"
}

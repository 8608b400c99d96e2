import GatewayApp

/// The executable `sts-gateway` with the built-in plugins.
@main
enum GatewayMain {
    static func main() async { await GatewayProgram.main(plugins: BuiltInPlugins.all) }
}

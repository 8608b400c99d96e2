import ArgumentParser
import JSON

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

    @Flag(help: "Print one JSON object.") var json = false

    func run() {
        let object: JSONValue = ["version": .string(GatewayVersion.current)]
        print(json ? object.text : "sts-gateway \(GatewayVersion.current)")
    }
}

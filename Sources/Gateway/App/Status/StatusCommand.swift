import ArgumentParser
import GatewayCore
import GatewayServer

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show the state of a running gateway.",
        discussion: """
            Reads /status of the admin listener: in the gateway's Pod, or through kubectl port-forward. Only the leader \
            publishes and reads the issuer URLs, so its status says most. Exit status: 69 if no gateway responds.
            """)

    @Option(help: "The address of the admin listener.") var address = "localhost:9090"
    @Flag(help: "Print one JSON object.") var json = false
    @Flag(help: "Show it again every two seconds.") var watch = false

    func validate() throws {
        let isAddress = address.utf8.allSatisfy { byte in
            byte > 0x20 && byte < 0x7F && !"/?#@\\".utf8.contains(byte)
        }
        guard isAddress, !address.isEmpty else {
            throw ValidationError(
                "--address: invalid address \"\(address)\"; expected HOST:PORT, such as localhost:9090")
        }
    }

    func run() async throws {
        let client = StatusClient(address: address)
        let result: Result<Void, any Error>
        do {
            result = .success(try await show(client))
        } catch {
            result = .failure(error)
        }
        await client.close()
        try result.get()
    }

    private func show(_ client: StatusClient) async throws {
        repeat {
            do {
                let text = try await client.read(isJSON: json)
                // Clears the terminal.
                if watch, Terminal.showsOutput { Terminal.write("\u{1B}[H\u{1B}[2J", to: 1) }
                guard Terminal.write(text.hasSuffix("\n") ? text : text + "\n", to: 1) else { return }
            } catch {
                Terminal.error("sts-gateway: \(error)", error.code)
                guard watch else { throw ExitStatus.unavailable }
            }
            if watch { try await Task.sleep(for: .seconds(2)) }
        } while watch
    }
}

import FoundationEssentials
import GatewayPluginAPI
import JSON

extension ConformanceFindings {
    /// Reserved names need no check here: ``GatewayPluginAPI/PrivateClaims`` does not accept them.
    mutating func checkClaims(of plugin: some ProviderPlugin) {
        for workload in ConformanceInput.workloads {
            let claims = plugin.claims(for: workload)
            expect(
                claims == plugin.claims(for: workload), .repeatableClaims,
                "the claims of \(workload.username) differ from call to call")
            let json = JSONValue.object(claims.members)
            let decoded = try? JSONDecoder().decode(JSONValue.self, from: Data(json.utf8Text))
            expect(
                decoded.map { $0.ordered == json.ordered } ?? false, .claimsInJSON,
                "\(json.text) parses to \(decoded?.text ?? "nothing")")
        }
    }
}

extension JSONValue {
    /// Members sorted and whole numbers as integers, as a decoder returns them.
    fileprivate var ordered: JSONValue {
        switch self {
        case .object(let members):
            .object(members.map { Member($0.name, $0.value.ordered) }.sorted { $0.name < $1.name })
        case .array(let values): .array(values.map(\.ordered))
        case .number(let value): Int(exactly: value).map(JSONValue.integer) ?? self
        default: self
        }
    }
}

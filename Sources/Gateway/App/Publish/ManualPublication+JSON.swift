import GatewayCore
import GatewayPluginAPI
import GatewayServer
import JSON

extension ManualPublication.Summary {
    /// The object that `publish --json` prints.
    func json(of endpoint: String) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("endpoint", .string(endpoint)), .init("result", .string(result.rawValue)),
            .init("documents", .array(outcomes.map(Self.json))),
        ]
        if let location { members.append(.init("location", .string(location))) }
        if let verdict {
            members.append(.init("issuer", .string("\(verdict)")))
            members.append(.init("matches", .bool(verdict.isMatch)))
        }
        if let problem { members.append(.init("problem", .string(problem))) }
        // A CDN or a cache may serve older documents for a while: that is no failure of the publication.
        let isDifference = result != .succeeded && verdict.map { !$0.isMatch } ?? false
        if let code = code ?? (isDifference ? .documentsDiffer : nil) {
            members.append(.init("code", .string(code.rawValue)))
        }
        return .object(members)
    }

    private static func json(_ outcome: PublicationRound.Outcome) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("path", .string(outcome.document.kind.path)), .init("result", .string(outcome.result.kind.rawValue)),
        ]
        switch outcome.result {
        case .rejected(let conflict), .overwritten(let conflict):
            members.append(.init("reason", .string("\(conflict)")))
            members.append(.init("code", .string(conflict.code.rawValue)))
        case .failed(let error):
            members.append(.init("reason", .string(CommandText.of("\(error)"))))
            members.append(.init("code", .string(error.code.rawValue)))
        case .unchanged, .written, .stale: break
        }
        return .object(members)
    }
}

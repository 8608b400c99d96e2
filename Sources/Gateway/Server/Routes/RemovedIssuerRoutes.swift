import FoundationEssentials
import GatewayCore
import GatewayPluginAPI
import Synchronization

/// The routes to the documents of removed endpoints. They are found where no configured endpoint has the path.
final class RemovedIssuerRoutes: Sendable {
    private let issuers: RemovedIssuers
    private let clock: @Sendable () -> Date
    private let table = Mutex<(generation: Int, table: RouteTable)>((0, RouteTable()))

    init(issuers: RemovedIssuers, clock: @escaping @Sendable () -> Date) {
        self.issuers = issuers
        self.clock = clock
    }

    func route(_ request: GatewayRequest) -> Route? {
        let generation = issuers.generation
        let current = table.withLock { table in
            if table.generation != generation { table = (generation, Self.table(issuers.rings, clock)) }
            return table.table
        }
        return current.found(request)
    }

    private static func table(_ rings: [Stored<KeyRing>], _ clock: @escaping @Sendable () -> Date) -> RouteTable {
        var table = RouteTable()
        // Of two with the same path, the one is served whose tokens are valid for longer.
        let ordered = rings.map(\.value).sorted {
            ($0.tokensEnd ?? .distantFuture) < ($1.tokensEnd ?? .distantFuture)
        }
        for ring in ordered {
            guard let record = ring.issuer, let issuer = record.issuer, let path = PathPrefix(record.path),
                let documents = ring.recordedDocuments
            else { continue }
            let end = ring.tokensEnd
            IssuerRoutes(
                endpoint: ring.endpoint, path: path, issuer: issuer, maximumAge: record.maxAge,
                documents: { documents }, isServed: { end.map { clock() < $0 } ?? true }
            ).add(to: &table)
        }
        return table
    }
}

import Crypto
import FoundationEssentials
import GatewayCore
import JOSE
import LocalFiles
import Logging

/// Documents in a directory of one machine, one file (0600) each. Not for a shared file system without locks.
struct DirectoryDocumentStore<Value: StateDocument>: DocumentStore {
    let directory: PrivateDirectory
    private let scheduler: Scheduler
    private let logger: Logger

    /// Seconds between two reads of a watch.
    static var interval: Double { 1 }

    init(_ directory: PrivateDirectory, scheduler: Scheduler, logger: Logger) {
        self.directory = directory
        self.scheduler = scheduler
        self.logger = logger
    }

    /// Returns the document; where there is none, writes what `make` returns. Blocks the thread: for the start of a
    /// process only.
    func openAtStart(_ name: String, _ make: () throws(StoreError) -> Value) throws(StoreError) -> Stored<Value> {
        try directory.lockedAtStart(Self.file(name)) { () throws(StoreError) in
            if let stored = try read(name) { return stored }
            let value = try make()
            return Stored(value, version: try write(value))
        }
    }

    func load(_ name: String) async throws(StoreError) -> Stored<Value>? { try read(name) }

    func save(_ value: Value, replacing expected: DocumentVersion?) async throws(StoreError) -> DocumentVersion {
        let file = Self.file(value.name)
        return try await directory.locked(file) { () throws(StoreError) in
            guard try directory.read(file).map(Self.version) == expected else { throw .conflict }
            return try write(value)
        }
    }

    func delete(_ name: String, version: DocumentVersion) async throws(StoreError) {
        let file = Self.file(name)
        try await directory.locked(file) { () throws(StoreError) in
            guard try directory.read(file).map(Self.version) == version else { throw .conflict }
            try directory.remove(file)
        }
    }

    func names() async throws(StoreError) -> [String] { try present().sorted() }

    func watch(_ report: @Sendable (DocumentNews<Value>) async -> Void) async {
        let log = FailureLog("key directory not readable", logger: logger)
        let loop = RetryLoop<StoreError>(scheduler: scheduler, log: log) { _, _ in Self.interval }
        var known: [String: FileSignature] = [:]
        await loop.run { () throws(StoreError) in
            try await poll(&known, report)
            return .after(Self.interval)
        }
    }

    private func poll(
        _ known: inout [String: FileSignature], _ report: @Sendable (DocumentNews<Value>) async -> Void
    ) async throws(StoreError) {
        var signatures: [String: FileSignature] = [:]
        for name in try present() { signatures[name] = directory.signature(Self.file(name)) }
        for (name, signature) in signatures where known[name] != signature {
            let content: Data?
            do {
                content = try directory.read(Self.file(name))
            } catch {
                await report(.unusable(name: name, error, version: nil))
                // A file that cannot be opened may become readable without being written.
                if case .malformed = error { known[name] = signature }
                continue
            }
            guard let content else { continue }
            do {
                await report(.document(try stored(content, name)))
            } catch {
                await report(.unusable(name: name, error, version: Self.version(content)))
            }
            known[name] = signature
        }
        for name in known.keys where signatures[name] == nil {
            known[name] = nil
            await report(.missing(name: name))
        }
        await report(.confirmed(names: Set(signatures.keys)))
    }

    private func present() throws(StoreError) -> [String] {
        let files = try directory.names()
        guard Value.layout.label != nil else { return files.contains(Value.layout.fileName) ? [""] : [] }
        return files.filter { $0.hasSuffix(Value.layout.fileName) }
            .map { String($0.dropLast(Value.layout.fileName.count)) }
    }

    private func read(_ name: String) throws(StoreError) -> Stored<Value>? {
        try directory.read(Self.file(name)).map { (content) throws(StoreError) in try stored(content, name) }
    }

    private func stored(_ content: Data, _ name: String) throws(StoreError) -> Stored<Value> {
        do throws(StoreError) {
            return Stored(try Value(document: content, name: name), version: Self.version(content))
        } catch {
            guard case .malformed(let why) = error else { throw error }
            throw .malformed("\(Value.layout.title) in \(directory.path)/\(Self.file(name)): \(why)")
        }
    }

    /// Writes the companions before the document, so that a reader that finds the document finds them, too.
    private func write(_ value: Value) throws(StoreError) -> DocumentVersion {
        let content = try value.encoded()
        for companion in value.companions where !companion.isFormer {
            try directory.write(companion.content, to: companion.fileName)
        }
        try directory.write(content, to: Self.file(value.name))
        for companion in value.companions where companion.isFormer {
            if let former = try directory.read(companion.fileName), former != companion.content {
                try directory.remove(companion.fileName)
            }
        }
        return Self.version(content)
    }

    private static func file(_ name: String) -> String { name + Value.layout.fileName }

    private static func version(_ content: Data) -> DocumentVersion {
        DocumentVersion(rawValue: Base64URL.encode(Array(SHA256.hash(data: content))))
    }
}

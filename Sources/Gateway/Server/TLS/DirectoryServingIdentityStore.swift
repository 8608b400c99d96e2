import Crypto
import FoundationEssentials
import GatewayCore
import JOSE
import LocalFiles
import Logging

/// The serving identity beside the key rings of a directory: `serving.json`, and `serving-ca.pem` with what clients are
/// to trust. An authority that an earlier gateway kept there, in `serving-ca.pem` and `serving-ca-key.pem`, is taken
/// on.
struct DirectoryServingIdentityStore: ServingIdentityStore {
    static let documentFile = "serving.json"
    static let bundleFile = "serving-ca.pem"
    static let formerKeyFile = "serving-ca-key.pem"

    private let directory: PrivateDirectory
    private let pacing: Pacing
    private let logger: Logger

    /// Seconds between two looks at the file.
    private static let interval = 1.0

    init(path: String, pacing: Pacing, logger: Logger) throws(ServingIdentityError) {
        do {
            directory = try PrivateDirectory(path: path)
        } catch {
            throw Self.told(error)
        }
        self.pacing = pacing
        self.logger = logger
    }

    /// What is there, or what is made where there is nothing. It blocks the thread: for the start of a process only.
    ///
    /// - Parameter make: with the authority of an earlier gateway, where there is one.
    func openedAtStart(
        _ make: (_ former: ServingAuthority?) throws(ServingIdentityError) -> ServingIdentity
    ) throws(ServingIdentityError) -> StoredServingIdentity {
        try told { () throws(KeyStoreError) in
            try directory.lockedAtStart(Self.documentFile) { () throws(KeyStoreError) in
                Result { () throws(ServingIdentityError) in
                    if let stored = try read() { return stored }
                    return try write(try make(try former()))
                }
            }
        }.get()
    }

    func load() async throws(ServingIdentityError) -> StoredServingIdentity? { try read() }

    func save(
        _ identity: ServingIdentity, replacing version: String?
    ) async throws(ServingIdentityError) -> StoredServingIdentity {
        let result: Result<StoredServingIdentity, ServingIdentityError>
        do {
            result = try await directory.locked(Self.documentFile) { () throws(KeyStoreError) in
                let present = try directory.read(Self.documentFile)
                return Result { () throws(ServingIdentityError) in
                    guard present.map(Self.version) == version else { throw .conflict }
                    return try write(identity)
                }
            }
        } catch {
            throw Self.told(error)
        }
        return try result.get()
    }

    func watch(_ tell: @Sendable (ServingIdentityNews) async -> Void) async {
        var known: FileSignature?
        var isKnown = false
        var failure: ServingIdentityError?
        while !Task.isCancelled {
            let signature = directory.signature(Self.documentFile)
            if !isKnown || signature != known {
                do throws(ServingIdentityError) {
                    await tell(try news())
                    (known, isKnown, failure) = (signature, true, nil)
                } catch {
                    if failure != error {
                        logger.error("the key directory cannot be read", metadata: ["reason": "\(error)"])
                    }
                    failure = error
                }
            }
            try? await pacing.sleep(Self.interval)
        }
    }

    private func news() throws(ServingIdentityError) -> ServingIdentityNews {
        guard let document = try told({ () throws(KeyStoreError) in try directory.read(Self.documentFile) }) else {
            return .gone
        }
        do throws(ServingIdentityError) {
            return .identity(try Self.stored(document))
        } catch {
            return .unusable(error, version: Self.version(document))
        }
    }

    private func read() throws(ServingIdentityError) -> StoredServingIdentity? {
        let document = try told { () throws(KeyStoreError) in try directory.read(Self.documentFile) }
        return try document.map { (document) throws(ServingIdentityError) in try Self.stored(document) }
    }

    /// The document last: whoever finds it finds the bundle too.
    private func write(_ identity: ServingIdentity) throws(ServingIdentityError) -> StoredServingIdentity {
        let document = try ServingIdentityDocument.encode(identity)
        try told { () throws(KeyStoreError) in
            try directory.write(Data(identity.bundle.utf8), to: Self.bundleFile)
            try directory.write(document, to: Self.documentFile)
            // An earlier gateway would go on with a key that does not fit the bundle any more.
            if let former = try directory.read(Self.formerKeyFile),
                String(validating: former, as: UTF8.self) != identity.issuing?.key?.pem
            {
                try directory.remove(Self.formerKeyFile)
            }
        }
        return StoredServingIdentity(identity: identity, version: Self.version(document), request: nil)
    }

    private func former() throws(ServingIdentityError) -> ServingAuthority? {
        let files = try told { () throws(KeyStoreError) in
            (try directory.read(Self.bundleFile), try directory.read(Self.formerKeyFile))
        }
        guard let certificate = files.0, let key = files.1 else { return nil }
        do {
            return try ServingAuthority(
                certificatePEM: String(validating: certificate, as: UTF8.self) ?? "",
                keyPEM: String(validating: key, as: UTF8.self) ?? "")
        } catch {
            throw .malformed(
                "\(directory.path)/\(Self.bundleFile) and \(Self.formerKeyFile) are no authority; "
                    + "move them away to have a new one made")
        }
    }

    private static func stored(_ document: Data) throws(ServingIdentityError) -> StoredServingIdentity {
        StoredServingIdentity(
            identity: try ServingIdentityDocument.decode(document), version: version(document), request: nil)
    }

    private static func version(_ document: Data) -> String {
        Base64URL.encode(Array(SHA256.hash(data: document)))
    }

    private func told<Value>(_ body: () throws(KeyStoreError) -> Value) throws(ServingIdentityError) -> Value {
        do {
            return try body()
        } catch {
            throw Self.told(error)
        }
    }

    private static func told(_ error: KeyStoreError) -> ServingIdentityError {
        if case .unavailable(let why) = error { return .unavailable(why) }
        return .unavailable("\(error)")
    }
}

/// The port to where documents of one type are stored. Every write is compare-and-swap.
package protocol DocumentStore<Value>: Sendable {
    associatedtype Value: StateDocument

    /// Loads a document.
    ///
    /// - Returns: nil where the document does not exist.
    func load(_ name: String) async throws(StoreError) -> Stored<Value>?

    /// Writes a document in place of the one that was loaded.
    ///
    /// - Parameter expected: the version that was loaded; nil where there was no document.
    /// - Throws: `conflict` where the store contains another version.
    func save(_ value: Value, replacing expected: DocumentVersion?) async throws(StoreError) -> DocumentVersion

    /// Deletes a document.
    ///
    /// - Throws: `conflict` where the store contains another version.
    func delete(_ name: String, version: DocumentVersion) async throws(StoreError)

    /// The names of all documents in order, including those that cannot be read.
    func names() async throws(StoreError) -> [String]

    /// Reports every document, then every change, until the task is cancelled. Failures of the store are retried with
    /// backoff and logged; while they last nothing is reported.
    func watch(_ report: @Sendable (DocumentNews<Value>) async -> Void) async
}

/// A document as loaded.
package struct Stored<Value: Sendable>: Sendable {
    package let value: Value
    /// What a later write compares.
    package let version: DocumentVersion
    /// The value of ``DocumentLayout/requestAnnotation``: an operator's request; nil for none.
    package let request: String?

    package init(_ value: Value, version: DocumentVersion, request: String? = nil) {
        self.value = value
        self.version = version
        self.request = request
    }
}

/// How a store distinguishes two states of a document. It has no meaning outside the store.
package struct DocumentVersion: RawRepresentable, Hashable, Sendable {
    package let rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }
}

/// What a watch of a store reports.
package enum DocumentNews<Value: StateDocument>: Sendable {
    /// The store contains this document.
    case document(Stored<Value>)
    /// The store contains a document that cannot be used.
    ///
    /// - Parameter version: nil where it could not be read.
    case unusable(name: String, StoreError, version: DocumentVersion?)
    /// The document does not exist.
    case missing(name: String)
    /// Everything reported so far is current. Reported after each listing, and whenever the watch proves to be alive.
    ///
    /// - Parameter names: the names of all documents, usable or not; nil without a listing.
    case confirmed(names: Set<String>?)
}

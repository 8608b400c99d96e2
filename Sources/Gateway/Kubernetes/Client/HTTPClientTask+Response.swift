package import AsyncHTTPClient

extension HTTPClient.Task where Response: Sendable {
    /// The response, as soon as it is complete.
    ///
    /// - Throws: the client's errors, `HTTPClientError.cancelled` if the task of the caller is cancelled.
    package var response: Response {
        get async throws {
            try await withTaskCancellationHandler {
                try await get()
            } onCancel: {
                cancel()
            }
        }
    }
}

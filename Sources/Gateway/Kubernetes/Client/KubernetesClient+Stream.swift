import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1

extension KubernetesClient {
    /// Begins a call whose response is an endless sequence of lines, and passes each line to `take`. A 401 is handled
    /// as in ``send(_:at:timeout:)``. Ends if its task is cancelled.
    ///
    /// - Returns: nil after the server has ended the response; a response other than 200.
    /// - Throws: what `take` throws, or a ``KubernetesRequestError``: `timeout` if nothing was received for
    ///   ``Limits/watchIdleTimeout``, `replyTooLarge` if a line is longer than ``Limits/eventBytes``.
    func stream(
        _ request: KubernetesRequest, at now: Date, take: (_ line: [UInt8]) async throws -> Void
    ) async throws -> KubernetesReply? {
        let response = try await begin(request, at: now)
        guard response.status == .ok else {
            let body: ByteBuffer
            do {
                body = try await response.body.collect(upTo: limits.replyBytes)
            } catch {
                throw Self.mapped(error)
            }
            return await explained(
                Self.reply(response.status, response.headers, Array(body.readableBytesView), at: now), at: now)
        }
        var lines = LineBuffer(maximumLength: limits.eventBytes)
        var chunks = response.body.makeAsyncIterator()
        while true {
            let chunk: ByteBuffer?
            do {
                try Task.checkCancellation()
                chunk = try await chunks.next()
            } catch {
                throw Self.mapped(error)
            }
            guard let chunk else { return nil }
            guard lines.append(chunk.readableBytesView) else { throw KubernetesRequestError.replyTooLarge }
            while let line = lines.next() { try await take(line) }
        }
    }
}

import GatewayCore
import HTTPTypes

extension KubernetesCollection {
    /// How a watch ended that had begun.
    enum WatchEnding: Sendable {
        /// The API server has ended it, as it does with each after a time: go on from the last resourceVersion.
        case ended
        /// The API server cannot go on: list anew.
        case error(KubernetesFailure)
    }

    /// Hears of changes after a resourceVersion, with bookmarks, until the API server ends the watch.
    ///
    /// - Parameters:
    ///   - selector: by labels.
    ///   - fields: by fields, such as `metadata.name=one`.
    ///   - seconds: after how long the API server is to end it.
    /// - Throws: where it did not begin, or broke off.
    func watch(
        selector: String?, fields: String? = nil, from resourceVersion: String, seconds: Int,
        _ take: (WatchEvent) async -> Void
    ) async throws(KubernetesFailure) -> WatchEnding {
        var query = [
            (name: "watch", value: "1"), (name: "allowWatchBookmarks", value: "true"),
            (name: "resourceVersion", value: resourceVersion), (name: "timeoutSeconds", value: String(seconds)),
        ]
        if let selector { query.append(("labelSelector", selector)) }
        if let fields { query.append(("fieldSelector", fields)) }
        let request = KubernetesRequest(.get, resource.path(namespace: namespace), query: query)
        let refusal: KubernetesReply?
        do {
            refusal = try await client.stream(request, at: pacing.now()) { line in
                guard let event = WatchEvent(line: line) else { throw failure(.unreadable, "watch") }
                if case .error(let status) = event {
                    throw Ended(failure: failure(.init(status: status.code ?? 500, status), "watch"))
                }
                await take(event)
            }
        } catch let ended as Ended {
            return .error(ended.failure)
        } catch let failure as KubernetesFailure {
            throw failure
        } catch let error as KubernetesRequestError {
            throw failure(.noAnswer(error), "watch")
        } catch {
            throw failure(.noAnswer(.cancelled), "watch")
        }
        if let refusal { throw failure(refusal, "watch") }
        return .ended
    }

    /// The watch's own last event.
    private struct Ended: Error {
        let failure: KubernetesFailure
    }
}

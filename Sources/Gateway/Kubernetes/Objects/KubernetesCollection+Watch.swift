import HTTPTypes
public import KubernetesAPI

extension KubernetesCollection {
    /// How a watch ended.
    public enum WatchEnding: Sendable {
        /// The API server ended it, as it ends every watch after some time: continue from the last resourceVersion.
        case ended
        /// The API server cannot continue it: list again.
        case error(KubernetesAPIError)
    }

    /// Passes the events after a resourceVersion to `take`, including bookmarks, until the API server ends the watch.
    ///
    /// - Parameters:
    ///   - selector: a label selector; nil for all objects.
    ///   - fields: a field selector, such as `metadata.name=one`; nil for all objects.
    ///   - seconds: the time after which the API server ends the watch.
    /// - Throws: if the watch did not begin, or its connection failed.
    public func watch(
        selector: String?, fields: String? = nil, from resourceVersion: String, seconds: Int,
        _ take: (WatchEvent) async -> Void
    ) async throws(KubernetesAPIError) -> WatchEnding {
        var query = [
            (name: "watch", value: "1"), (name: "allowWatchBookmarks", value: "true"),
            (name: "resourceVersion", value: resourceVersion), (name: "timeoutSeconds", value: String(seconds)),
        ]
        if let selector { query.append(("labelSelector", selector)) }
        if let fields { query.append(("fieldSelector", fields)) }
        let request = KubernetesRequest(.get, resource.path(namespace: namespace), query: query)
        let refusal: KubernetesReply?
        do {
            refusal = try await client.stream(request, at: scheduler.now()) { line in
                guard let event = WatchEvent(line: line) else { throw failure(.unreadable, "watch") }
                if case .error(let status) = event {
                    throw Ended(failure: failure(.init(status: status.code ?? 500, status), "watch"))
                }
                await take(event)
            }
        } catch let ended as Ended {
            return .error(ended.failure)
        } catch let failure as KubernetesAPIError {
            throw failure
        } catch let error as KubernetesRequestError {
            throw failure(.noAnswer(error), "watch")
        } catch {
            throw failure(.noAnswer(.cancelled), "watch")
        }
        if let refusal { throw failure(refusal, "watch") }
        return .ended
    }

    /// The last event of the watch was an error.
    private struct Ended: Error {
        let failure: KubernetesAPIError
    }
}

import GatewayCore
import GatewayPluginAPI
import Kubernetes

extension ErrorCode {
    /// The code of a failure that a service logs and repeats; nil for an error of another kind.
    static func of(_ failure: any Error) -> ErrorCode? {
        switch failure {
        case let error as StoreError: error.code
        case let error as PublishError: error.code
        case is KubernetesAPIError: .apiServer
        default: nil
        }
    }
}

import Kubernetes
import KubernetesAPI

extension Scheduler {
    /// The scheduler for the Kubernetes client.
    var kubernetes: KubernetesScheduler {
        KubernetesScheduler(now: now, monotonic: monotonic, random: random, sleep: sleep) { [self] in
            backoff(failures: $0, retryAfter: $1)
        }
    }
}

extension KubernetesCollection {
    /// Creates a collection that uses the gateway's scheduler.
    init(
        client: KubernetesClient, resource: KubernetesResource, namespace: String?, scheduler: Scheduler,
        patience: Double = 10, timeout: Double? = nil
    ) {
        self.init(
            client: client, resource: resource, namespace: namespace, scheduler: scheduler.kubernetes,
            patience: patience,
            timeout: timeout)
    }

    /// The scheduler of the collection.
    var gatewayScheduler: Scheduler {
        Scheduler(
            now: scheduler.now, monotonic: scheduler.monotonic, random: scheduler.random, sleep: scheduler.sleep)
    }
}

extension GatewayConfiguration.Limits {
    /// Seconds after which a connection without a request is closed.
    ///
    /// By default 110 ± 10 %, at least 95: Go's clients close after 90 seconds, and many load balancers after 60. Where
    /// the server closes at the same moment as its client, a request is lost. It varies so that connections which were
    /// opened together do not end together.
    ///
    /// - Parameter random: from 0 to 1.
    package func idleSeconds(random: Double) -> Double {
        idleTimeout.map(Double.init) ?? max(95, 99 + 22 * random)
    }

    /// Seconds from the request to stop until the process ends, whatever is still open.
    ///
    /// - Parameter drainDelay: seconds for which the gateway goes on serving.
    package func shutdownSeconds(drainDelay: Double) -> Double {
        shutdownTimeout.map(Double.init) ?? max(40, drainDelay + 35)
    }

    /// What the limits contradict each other in; nil where they do not.
    var contradiction: String? {
        guard let drainDelay, let shutdownTimeout, shutdownTimeout <= drainDelay else { return nil }
        return "invalid value \"\(shutdownTimeout)s\"; expected more than limits.drainDelay (\(drainDelay)s)"
    }
}

import Glibc

/// Waits for a socket. The programs differ in what else ends the wait, such as a signal.
package protocol SocketWaiting: AnyObject {
    /// Waits until the socket is ready for `events` of poll(2).
    ///
    /// - Parameter deadline: by ``Clock/boot()``.
    /// - Throws: if the deadline passes.
    func wait(for socket: Int32, events: Int16, until deadline: Double) throws(SidecarError)

    /// Runs a blocking call that cannot be polled.
    func withSignalsUnblocked<Result>(_ body: () -> Result) -> Result
}

import ArgumentParser

/// The exit codes beside 0, from sysexits.h where nothing else is said.
enum ExitStatus {
    /// `config check` found an error.
    static let checkFailed = ExitCode(1)
    /// `EX_USAGE`.
    static let usage = ExitCode(64)
    /// `EX_UNAVAILABLE`: something that was asked for could not be done.
    static let unavailable = ExitCode(69)
    /// `EX_CONFIG`: the gateway does not start with this configuration.
    static let configuration = ExitCode(78)
}

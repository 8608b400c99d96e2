import Testing

@testable import Sidecar

@Suite struct STSSidecarTests {
}

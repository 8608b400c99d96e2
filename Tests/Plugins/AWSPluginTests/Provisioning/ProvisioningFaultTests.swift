import AWSXML
import GatewayPluginAPI
import JSON
import Testing

@testable import AWSPlugin

/// A fault at every single call, then the same command again.
@Suite struct ProvisioningFaultTests {
    @Test(arguments: ProvisionedEndpointInMemory.Variant.faults)
    func `After a fault at any call the next run reaches the same state`(
        _ variant: ProvisionedEndpointInMemory.Variant, _ fault: CloudInMemory.Fault
    ) async throws {
        let reference = CloudInMemory()
        try await variant.endpoint(in: reference).apply()
        for call in 0..<reference.calls {
            let cloud = CloudInMemory()
            let endpoint = variant.endpoint(in: cloud)
            cloud.fail(fault, atCall: call)
            _ = try? await endpoint.apply()
            try await endpoint.apply()
            #expect(cloud.state == reference.state, "\(variant.rawValue): \(fault.rawValue) at call \(call)")
        }
    }

    @Test(arguments: ProvisionedEndpointInMemory.Variant.faults)
    func `After a fault at any call of a removal the next run removes the rest, and releases what was adopted`(
        _ variant: ProvisionedEndpointInMemory.Variant, _ fault: CloudInMemory.Fault
    ) async throws {
        let reference = CloudInMemory()
        let endpoint = variant.endpoint(in: reference)
        let before = reference.state
        try await endpoint.apply()
        let start = reference.calls
        let kept = try await endpoint.remove()
        #expect(kept.isEmpty == ![.adopted, .adoptedProvider].contains(variant))
        var after = reference.state
        after.documents = before.documents
        if variant != .adoptedProvider {
            #expect(after == before, "\(variant.rawValue): what existed before is as it was, and nothing else exists")
        }
        for call in start..<reference.calls {
            let cloud = CloudInMemory()
            let endpoint = variant.endpoint(in: cloud)
            try await endpoint.apply()
            cloud.fail(fault, atCall: call)
            _ = try? await endpoint.remove()
            try await endpoint.remove()
            #expect(cloud.state == reference.state, "\(variant.rawValue): \(fault.rawValue) at call \(call)")
        }
    }
}

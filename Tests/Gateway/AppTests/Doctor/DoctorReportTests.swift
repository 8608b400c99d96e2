import GatewayPluginAPI
import JSON
import Testing

@testable import GatewayApp
@testable import GatewayCore

@Suite("The report of doctor")
struct DoctorReportTests {
    private func report(_ findings: DoctorFinding...) -> DoctorReport {
        var report = DoctorReport()
        report.add(findings)
        return report
    }

    @Test("The exit status is 0, 1 for warnings, 2 for failures; what was not checked does not count")
    func exitStatus() {
        let ok = DoctorFinding.ok(.cluster, "version", "v1.33.0")
        let skipped = DoctorFinding.notChecked(.webhook, "dry run", "needs create on pods")
        let warning = DoctorFinding.warning(.issuer, "keys", of: "one", .issuerCaching, "no max-age", advice: "set it")
        let failed = DoctorFinding.failed(.workload, "label", of: "one", .workloadUnlabeled, "no label")
        #expect(report().exitStatus == 0)
        #expect(report(ok, skipped).exitStatus == 0)
        #expect(report(ok, warning).exitStatus == 1)
        #expect(report(failed, warning).exitStatus == 2)
    }

    @Test("A finding has its code, cause, advice and link, in the order of the checks")
    func text() {
        let made = report(
            .warning(.issuer, "keys", of: "one", .issuerCaching, "no max-age\u{1B}[2J", advice: "set\nit"),
            .ok(.configuration, "gateway.yaml", "endpoints one"))
        #expect(
            made.text == """
                configuration
                  ok           gateway.yaml: endpoints one
                issuer documents
                  warning      one: keys: STS2036: no max-age\\u{1B}[2J
                                 do: set\\nit
                                 see: docs/troubleshooting.md#sts2036
                0 failed, 1 warning, 1 ok, 0 not checked

                """)
        let first = made.json["findings"]?.elementList?.first
        #expect(first?["code"] == "STS2036" && first?["link"] == "docs/troubleshooting.md#sts2036")
        #expect(made.json["summary"]?["warning"] == 1)
    }

    @Test("A missing permission is not a failure")
    func permission() {
        let failure = CommandFailure(.permissionMissing, "not allowed", missingPermission: "get on pods")
        let finding = DoctorFinding.failure(.workload, "Pod", failure)
        #expect(finding.status == .notChecked && finding.cause == "needs get on pods" && finding.code == nil)
    }

    @Test("Each kind of fault at a relying party has a code of its own")
    func faults() {
        let codes = RelyingPartyFinding.Fault.allCases.map(\.code)
        #expect(Set(codes).count == codes.count)
    }
}

import Crypto
import FoundationEssentials

/// The HTML page of a status report: one document without outside resources, readable without JavaScript.
package struct StatusPage {
    private let report: StatusReport

    package init(_ report: StatusReport) { self.report = report }

    /// The `Content-Security-Policy` of the page (CSP Level 3): its own style and script, by their hashes, and nothing
    /// else.
    package static let contentSecurityPolicy =
        "default-src 'none'; style-src 'sha256-\(hash(style))'; script-src 'sha256-\(hash(script))'; "
        + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    private static func hash(_ text: String) -> String {
        Data(SHA256.hash(data: Data(text.utf8))).base64EncodedString()
    }

    package var html: String {
        var page = HTMLText(capacity: 8_192 + 3_072 * report.endpoints.count)
        page.add(
            """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>
            """)
        page.add(text: "\(report.health.rawValue) - STS Gateway \(report.cluster)")
        page.add("</title>\n<style>\(Self.style)</style></head>\n<body>")
        addHeader(to: &page)
        page.add("<main>")
        addAttention(to: &page)
        addEndpoints(to: &page)
        addPlots("Token calls", "The last hour, by decision.", report.exchanges, to: &page)
        addPlots("Admission reviews", "The last hour, by result.", report.reviews, to: &page)
        addFailures(to: &page)
        addReplicas(to: &page)
        addUninjected(to: &page)
        page.add("</main>\n<script>\(Self.script)</script></body></html>\n")
        return page.html
    }

    private func addHeader(to page: inout HTMLText) {
        page.add(
            "<header><h1>STS Gateway <span class=\"chip \(report.health.rawValue)\">\(report.health.rawValue)</span></h1>"
        )
        page.add("<p>cluster ")
        page.add("b", text: report.cluster)
        page.add(" · version ")
        page.add(text: report.version)
        page.add(" · replica ")
        page.add("b", text: report.replica)
        page.add(report.isLeading ? ", which leads" : ", which does not lead")
        page.add(" · as of <time>\(StatusTime.text(report.time))</time></p>")
        if !report.isLeading {
            page.add("<p class=\"note\">Only the leader publishes and reads the issuer URLs.")
            if let leader = report.replicas.leader {
                page.add(" Show its page: <code>kubectl port-forward pod/")
                page.add(text: leader)
                page.add(" 9090</code>")
            }
            page.add("</p>")
        }
        page.add("</header>\n")
    }

    /// What is wrong, since when, why and what to do.
    private func addAttention(to page: inout HTMLText) {
        let endpoints = report.endpoints.sortedByHealth.filter { !$0.problems.isEmpty }
        guard !endpoints.isEmpty || !report.checks.isEmpty else { return }
        page.add("<section><h2>Needs attention</h2><ul class=\"problems\">")
        for check in report.checks { addProblem(check.problem, of: check.name, to: &page) }
        for endpoint in endpoints.prefix(Self.maximumProblems) {
            for problem in endpoint.problems { addProblem(problem, of: endpoint.name, to: &page) }
        }
        page.add("</ul>")
        let hidden = endpoints.count - Self.maximumProblems
        if hidden > 0 { page.add("<p>\(hidden) more endpoints need attention; see below.</p>") }
        page.add("</section>\n")
    }

    /// Endpoints that are named above the others.
    private static let maximumProblems = 20

    private func addProblem(_ problem: StatusReport.Problem, of name: String, to page: inout HTMLText) {
        page.add("<li>")
        page.add("b", text: name)
        page.add(": ")
        page.add(text: problem.text)
        if let since = problem.since {
            page.add(" <span class=\"dim\">since <time>\(StatusTime.text(since))</time></span>")
        }
        if let code = problem.code {
            page.add(" <span class=\"code\">\(code)</span> <span class=\"dim\">\(code.link)</span>")
        }
        page.add("</li>")
    }

    private func addFailures(to page: inout HTMLText) {
        page.add("<section><h2>Last warnings and errors</h2>")
        guard !report.failures.isEmpty else {
            page.add("<p>None since the start.</p></section>\n")
            return
        }
        page.add("<div class=\"scroll\"><table><tr><th>last<th>code<th>endpoint<th>what</tr>")
        for failure in report.failures {
            page.add("<tr><td><time>\(StatusTime.text(failure.last))</time>")
            if failure.count > 1 {
                page.add(
                    "<br><span class=\"dim\">\(failure.count) times since \(StatusTime.text(failure.first))</span>")
            }
            page.add("</td>")
            page.add("td", class: "code", text: failure.code ?? "")
            page.add("td", text: failure.endpoint ?? "")
            page.add("<td>")
            page.add("b", text: failure.message)
            if let reason = failure.reason {
                page.add("<br>")
                page.add(text: reason)
            }
            page.add("</td></tr>")
        }
        page.add("</table></div></section>\n")
    }

    private func addReplicas(to page: inout HTMLText) {
        page.add("<section><h2>Replicas</h2>")
        if let problem = report.replicas.problem { page.add("p", class: "note", text: problem) }
        page.add("<p>Leader: ")
        page.add("b", text: report.replicas.leader ?? "not known")
        page.add("</p><ul>")
        for replica in report.replicas.all {
            let health = replica.isReady ? "ok" : "failed"
            page.add("<li><span class=\"chip \(health)\">\(replica.isReady ? "ready" : "not ready")</span> ")
            page.add(text: replica.name)
            if replica.isLeader { page.add(", leader") }
            if replica.isThis { page.add(", this one") }
            if let started = replica.started { page.add(", since <time>\(StatusTime.text(started))</time>") }
            page.add("</li>")
        }
        page.add("</ul></section>\n")
    }

    private func addUninjected(to page: inout HTMLText) {
        page.add("<section><h2>Labeled Pods without tokens</h2>")
        if let uninjected = report.uninjected {
            let found = uninjected.filter { $0.count > 0 }
            page.add(found.isEmpty ? "<p>None.</p>" : "<ul>")
            for pod in found {
                page.add("<li>\(pod.count) of ")
                page.add("b", text: pod.endpoint)
                page.add(pod.reason == "no_value" ? ", without the annotation</li>" : ", without the sidecar</li>")
            }
            if !found.isEmpty { page.add("</ul><p class=\"dim\">The leader's log names them.</p>") }
        } else {
            page.add("<p>Only the leader counts them, unless <code>injection.uninjectedPods</code> is off.</p>")
        }
        page.add("</section>\n")
    }
}

extension StatusPage {
    func addEndpoints(to page: inout HTMLText) {
        page.add("<section><h2>Endpoints</h2>")
        for endpoint in report.endpoints.sortedByHealth {
            add(endpoint, isOpen: endpoint.health != .ok || report.endpoints.count <= 4, at: report.time, to: &page)
        }
        page.add("</section>\n")
    }
}

import FoundationEssentials

extension StatusPage {
    func add(_ endpoint: StatusReport.Endpoint, isOpen: Bool, at now: Date, to page: inout HTMLText) {
        page.add("<details id=\"e-")
        page.add(text: endpoint.name)
        page.add("\"\(isOpen ? " open" : "")><summary><span class=\"chip \(endpoint.health.rawValue)\">")
        page.add("\(endpoint.health.rawValue)</span> ")
        page.add("b", text: endpoint.name)
        page.add(" <span class=\"dim\">")
        page.add(text: "\(endpoint.plugin) · \(endpoint.issuer)")
        page.add("</span>")
        if !endpoint.calls.isEmpty {
            page.add(" <span class=\"calls\">")
            page.add(text: endpoint.calls.map { "\($0.total) \($0.outcome)" }.joined(separator: ", "))
            page.add("</span>")
        }
        page.add("</summary>")
        addTimeline(endpoint.keys, at: now, to: &page)
        page.add("<ul class=\"keys\">")
        for key in endpoint.keys { add(key, at: now, to: &page) }
        page.add("</ul><p>Next: ")
        page.add(text: endpoint.next)
        page.add("</p>")
        if let publication = endpoint.publication { add(publication, to: &page) }
        page.add("</details>\n")
    }

    private func add(_ key: StatusReport.Endpoint.Key, at now: Date, to page: inout HTMLText) {
        page.add("<li><span class=\"state s-\(key.state)\"></span><code>")
        page.add(text: key.id)
        page.add("</code> \(key.algorithm) <b>\(key.state)\(key.isStandby ? ", standby" : "")</b>: ")
        page.add(text: key.next)
        if let until = key.until {
            page.add(" <time>\(StatusTime.text(until))</time>")
            let rest = until.timeIntervalSince(now)
            page.add(" <span class=\"dim\">\(rest > 0 ? "in \(StatusTime.text(seconds: rest))" : "due")</span>")
        }
        page.add("<br><span class=\"dim\">")
        let times = [
            ("created", key.created), ("published", key.published), ("activated", key.activated),
            ("retired", key.retired),
        ]
        page.add(
            times.compactMap { name, time in time.map { "\(name) \(StatusTime.text($0))" } }.joined(separator: " · "))
        page.add("</span></li>")
    }

    private func add(_ publication: StatusReport.Endpoint.Publication, to page: inout HTMLText) {
        page.add("<dl>")
        func row(_ name: String, _ text: String?) {
            guard let text else { return }
            page.add("<dt>\(name)</dt>")
            page.add("dd", text: text)
        }
        row("location", publication.location)
        row("published", publication.lastSuccess.map(StatusTime.text))
        row("invalidating since", publication.invalidatingSince.map(StatusTime.text))
        row("invalidated", publication.lastInvalidation.map(StatusTime.text))
        row("read back", publication.lastReading.map(StatusTime.text))
        row("result", publication.verdict)
        page.add("</dl>")
    }

    /// The timeline of the keys: a bar for each, from its creation to its end. The scale is piecewise linear, so that an
    /// hour and a month are visible; ``style`` has the labels at the same places.
    private func addTimeline(_ keys: [StatusReport.Endpoint.Key], at now: Date, to page: inout HTMLText) {
        guard !keys.isEmpty else { return }
        let height = 14 * keys.count
        page.add(
            "<div class=\"timeline\"><svg viewBox=\"0 0 1000 \(height)\" height=\"\(height)\" "
                + "preserveAspectRatio=\"none\" aria-hidden=\"true\">")
        for x in [50, 200, 350, 500, 650, 800, 950] {
            page.add("<line class=\"\(x == 500 ? "now" : "tick")\" x1=\"\(x)\" x2=\"\(x)\" y1=\"0\" y2=\"\(height)\"/>")
        }
        for (index, key) in keys.enumerated() {
            for segment in key.segments(at: now) {
                let start = Self.place(segment.start.timeIntervalSince(now))
                let width = max(3, Self.place(segment.end.timeIntervalSince(now)) - start)
                page.add(
                    "<rect class=\"s-\(segment.state)\(segment.isFuture ? " future" : "")\" x=\"\(start)\" "
                        + "y=\"\(14 * index + 2)\" width=\"\(width)\" height=\"10\"/>")
            }
        }
        page.add(
            "</svg><div class=\"axis\"><span>-30 d</span><span>-1 d</span><span>-1 h</span><span>now</span>"
                + "<span>1 h</span><span>1 d</span><span>30 d</span></div></div>")
    }

    /// The place on the scale of 0 to 1000, in whole units.
    package static func place(_ seconds: Double) -> Int {
        let points: [(seconds: Double, place: Double)] = [
            (0, 0), (3_600, 150), (86_400, 300), (2_592_000, 450), (31_622_400, 500),
        ]
        let distance = min(abs(seconds), points[points.count - 1].seconds)
        var place = 500.0
        for (low, high) in zip(points, points.dropFirst()) where distance <= high.seconds {
            place = low.place + (distance - low.seconds) / (high.seconds - low.seconds) * (high.place - low.place)
            break
        }
        return Int(seconds < 0 ? 500 - place : 500 + place)
    }
}

extension StatusReport.Endpoint.Key {
    /// A part of the key's life.
    struct Segment {
        let state: String
        let start: Date
        let end: Date
        let isFuture: Bool
    }

    /// The parts of the key's life, those after now as they are expected.
    func segments(at now: Date) -> [Segment] {
        var segments: [Segment] = []
        func add(_ state: String, from start: Date?, to end: Date?) {
            guard let start else { return }
            let end = end ?? now
            if start < now { segments.append(Segment(state: state, start: start, end: min(end, now), isFuture: false)) }
            if end > now { segments.append(Segment(state: state, start: max(start, now), end: end, isFuture: true)) }
        }
        let isActive = state == "active"
        add("prepared", from: created, to: published ?? activated ?? (state == "prepared" ? nil : created))
        add("published", from: published, to: activated ?? (state == "published" ? until : nil))
        add("active", from: activated, to: retired ?? (isActive ? until : nil))
        add("retiring", from: retired, to: until)
        return segments
    }
}

extension StatusPage {
    /// A plot for each outcome that happened: a bar for each minute.
    func addPlots(_ title: String, _ note: String, _ series: [OutcomeSeries], to page: inout HTMLText) {
        page.add("<section><h2>\(title)</h2><p class=\"dim\">\(note)</p>")
        let found = series.filter { $0.total > 0 }
        if found.isEmpty { page.add("<p>None.</p>") }
        page.add("<div class=\"plots\">")
        for series in found { add(series, to: &page) }
        page.add("</div></section>\n")
    }

    private func add(_ series: OutcomeSeries, to page: inout HTMLText) {
        let highest = max(1, series.minutes.max() ?? 1)
        page.add("<figure><figcaption>")
        page.add("b", text: series.outcome)
        page.add(" \(series.total) <span class=\"dim\">at most \(highest) a minute</span></figcaption>")
        page.add(
            "<svg class=\"plot\" viewBox=\"0 0 \(5 * series.minutes.count) 40\" preserveAspectRatio=\"none\" "
                + "role=\"img\" aria-label=\"")
        page.add(text: "\(series.outcome): \(series.total) in the last hour")
        page.add("\"><line class=\"tick\" x1=\"0\" x2=\"\(5 * series.minutes.count)\" y1=\"39.5\" y2=\"39.5\"/>")
        for (minute, count) in series.minutes.enumerated() where count > 0 {
            // Rounded up, so that a single call is visible.
            let height = min(39, 39 * count / highest + 1)
            page.add("<rect class=\"bar\" x=\"\(5 * minute)\" y=\"\(39 - height)\" width=\"4\" height=\"\(height)\"/>")
        }
        page.add("</svg></figure>")
    }
}

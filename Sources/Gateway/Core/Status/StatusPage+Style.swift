extension StatusPage {
    /// The page's style sheet.
    static let style = """
        :root{--back:#fff;--box:#f5f6f8;--text:#1b1f24;--dim:#59636e;--line:#d1d9e0;--ok:#1a7f37;--warning:#9a6700;\
        --failed:#cf222e;--bar:#0969da;--prepared:#8c959f;--published:#bf8700;--active:#1a7f37;--retiring:#8250df}
        @media (prefers-color-scheme:dark){:root{--back:#0d1117;--box:#161b22;--text:#e6edf3;--dim:#9198a1;\
        --line:#3d444d;--ok:#3fb950;--warning:#d29922;--failed:#f85149;--bar:#4493f8;--prepared:#768390;\
        --published:#d29922;--active:#3fb950;--retiring:#ab7df8}}
        *{box-sizing:border-box}
        body{margin:0 auto;max-width:72rem;padding:0 1rem 3rem;background:var(--back);color:var(--text);\
        font:15px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
        h1{font-size:1.4rem;margin:1rem 0 .2rem}
        h2{font-size:1.1rem;margin:0 0 .3rem}
        header p{margin:.2rem 0}
        section{margin-top:1.5rem}
        .dim,th,dt{color:var(--dim)}
        .note{background:var(--box);border-left:3px solid var(--line);padding:.4rem .7rem}
        code,.code,time{font-family:ui-monospace,monospace;font-size:.88em}
        .chip{display:inline-block;border:1px solid currentColor;border-radius:1em;padding:0 .6em;font-size:.8rem;\
        font-weight:600}
        .chip.ok{color:var(--ok)}.chip.warning{color:var(--warning)}.chip.failed{color:var(--failed)}
        ul{padding-left:1.2rem;margin:.3rem 0}
        .keys{list-style:none;padding:0}
        .keys li{margin:.4rem 0}
        details{background:var(--box);border:1px solid var(--line);border-radius:8px;margin:.5rem 0;padding:.5rem .8rem}
        summary{cursor:pointer}
        summary:focus-visible{outline:2px solid var(--bar)}
        .calls{float:right}
        dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem .8rem;margin:.5rem 0}
        dt,dd{margin:0}
        .scroll{overflow-x:auto}
        table{border-collapse:collapse;width:100%}
        th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-top:1px solid var(--line)}
        .plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:.8rem}
        figure{margin:0}
        svg{display:block;width:100%}
        .plot{height:48px}
        .bar{fill:var(--bar)}
        .tick{stroke:var(--line)}.now{stroke:var(--text)}
        .timeline{margin:.6rem 0 1.6rem}
        .axis{position:relative;font-size:.75rem;color:var(--dim)}
        .axis span{position:absolute;transform:translateX(-50%);white-space:nowrap}
        .axis span:nth-child(1){left:5%}.axis span:nth-child(2){left:20%}.axis span:nth-child(3){left:35%}
        .axis span:nth-child(4){left:50%}.axis span:nth-child(5){left:65%}.axis span:nth-child(6){left:80%}
        .axis span:nth-child(7){left:95%}
        .s-prepared{fill:var(--prepared);background:var(--prepared)}
        .s-published{fill:var(--published);background:var(--published)}
        .s-active{fill:var(--active);background:var(--active)}
        .s-retiring{fill:var(--retiring);background:var(--retiring)}
        .future{opacity:.35}
        .state{display:inline-block;width:.8em;height:.8em;border-radius:50%;margin-right:.4em}
        @media (max-width:40rem){body{font-size:14px;padding:0 .6rem 2rem}.calls{float:none;display:block}\
        dl{grid-template-columns:1fr}dd{margin-bottom:.3rem}}
        @media print{details{break-inside:avoid}}
        """

    /// Reads the page again every ten seconds, while it is visible, and keeps what is open.
    static let script = """
        setInterval(async()=>{if(document.hidden)return;try{const r=await fetch(location.href,{cache:"no-store"});\
        if(!r.ok)throw 0;const d=new DOMParser().parseFromString(await r.text(),"text/html");\
        document.querySelectorAll("details[id]").forEach(e=>{const n=d.getElementById(e.id);if(n)n.open=e.open});\
        for(const s of["header","main"])document.querySelector(s).replaceWith(d.querySelector(s));\
        document.title=d.title}catch{document.title="not reachable - STS Gateway"}},10000)
        """
}

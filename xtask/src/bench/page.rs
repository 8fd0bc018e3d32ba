//! All figures as a page (`target/bench/index.html`): a table, and for each ratio a bar beside the one that is kept.

use super::kept::Kept;
use super::{Figure, Measurement, digits};
use crate::{paths, process};
use anyhow::{Context, Result};
use std::fmt::Write as _;
use std::fs;

/// The longest bar stands for this ratio.
const WIDEST: f64 = 3.0;
/// Its length in units of the drawing.
const LENGTH: f64 = 300.0;

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>dash-spv-wasm: benchmarks</title>
<style>
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
td, th { padding: .3rem .7rem; text-align: left; border-bottom: 1px solid #8884; white-space: nowrap; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
td.against { white-space: normal; min-width: 14rem; }
p { max-width: 48rem; }
.now { fill: #008de4; } .kept { stroke: #d97706; stroke-width: 3; } .one { stroke: currentColor; opacity: .5; }
.sample { display: inline-block; width: .8rem; height: .8rem; vertical-align: -1px; }
</style>
<h1>Benchmarks</h1>
<p>Every figure has its baseline from the same run; a bar is their ratio, the thin line is 1.
<span class="sample" style="background:#008de4"></span> this run,
<span class="sample" style="background:#d97706"></span> kept in the repository.</p>
"#;

/// Writes the page and says where it is.
pub fn write(measurements: &[Measurement], kept: &Kept) -> Result<()> {
    let folder = paths::target().join("bench");
    fs::create_dir_all(&folder).context("target/bench")?;
    let page = folder.join("index.html");
    fs::write(&page, html(measurements, kept)).with_context(|| page.display().to_string())?;
    process::say(&format!("the table and the plot are in {}", page.display()));
    Ok(())
}

fn html(measurements: &[Measurement], kept: &Kept) -> String {
    let mut out = HEAD.to_owned();
    for Measurement { bench, how, figures } in measurements {
        let rows: String =
            figures.iter().map(|figure| row(figure, kept.figure(bench, &figure.name))).collect();
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            "<h2>{}</h2>\n<p>{}</p>\n<table>\n<tr><th>figure<th class=number>value<th>unit<th class=number>baseline\
             <th>which is<th class=number>ratio<th>0 to {WIDEST}</tr>\n{rows}</table>\n",
            text(bench),
            text(how)
        );
    }
    out
}

fn row(figure: &Figure, kept: Option<&Figure>) -> String {
    format!(
        "<tr><td>{}<td class=number>{}<td>{}<td class=number>{}<td class=against>{}<td class=number>{:.3}<td>{}</tr>\n",
        text(&figure.name),
        digits(figure.value),
        text(&figure.unit),
        digits(figure.baseline),
        text(&figure.against),
        figure.ratio,
        bar(figure.ratio, kept.map(|kept| kept.ratio))
    )
}

fn bar(ratio: f64, kept: Option<f64>) -> String {
    let at = |ratio: f64| ratio.clamp(0.0, WIDEST) / WIDEST * LENGTH;
    let mark = kept.map_or_else(String::new, |kept| {
        format!(r#"<line class="kept" x1="{0:.1}" x2="{0:.1}" y1="0" y2="18"/>"#, at(kept))
    });
    format!(
        r#"<svg width="{LENGTH}" height="18" role="img" aria-label="{ratio:.3}"><rect class="now" y="3" width="{:.1}" height="12"/><line class="one" x1="{2:.1}" x2="{2:.1}" y1="0" y2="18"/>{1}</svg>"#,
        at(ratio),
        mark,
        at(1.0)
    )
}

/// Text as HTML has it.
fn text(plain: &str) -> String {
    plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_names_each_figure_with_its_baseline_and_both_ratios() {
        let figures = vec![Figure::new("a<b", 3.0, "ms", 2.0, "the other & slower")];
        let page = html(&[Measurement { bench: "x11", how: "so", figures }], &Kept::default());
        assert!(page.contains("a&lt;b") && page.contains("the other &amp; slower") && page.contains("1.500"));
        assert!(page.contains(r#"width="150.0""#) && !page.contains(r#"class="kept""#));
        assert!(bar(0.5, Some(1.5)).contains(r#"class="kept" x1="150.0""#));
        assert!(bar(99.0, None).contains(r#"width="300.0""#));
    }
}

//! Draws a bar chart as SVG, with groups of labeled bars and colors for light and dark pages.

use std::fmt::Write;

/// A bar chart with one unit.
pub(crate) struct Plot {
    pub(crate) title: String,
    unit: &'static str,
    groups: Vec<(String, Vec<(String, f64)>)>,
}

const WIDTH: f64 = 760.0;
const LABELS: f64 = 210.0;
const ROW: f64 = 20.0;

impl Plot {
    pub(crate) fn new(title: &str, unit: &'static str) -> Self {
        Self { title: title.to_owned(), unit, groups: Vec::new() }
    }

    /// Adds a group of bars with its own scale. Bars of this program are highlighted.
    pub(crate) fn group(&mut self, name: &str, bars: impl IntoIterator<Item = (String, f64)>) {
        self.groups.push((name.to_owned(), bars.into_iter().collect()));
    }

    pub(crate) fn svg(&self) -> String {
        let rows: usize = self.groups.iter().map(|(_, bars)| bars.len() + 2).sum();
        let height = 40.0 + ROW * f64::from(u32::try_from(rows).unwrap_or(u32::MAX));
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
             <style>text {{ fill: #24292f }} @media (prefers-color-scheme: dark) {{ text {{ fill: #e6edf3 }} }}</style>\n\
             <text x=\"8\" y=\"22\" font-size=\"15\">{}</text>\n",
            escaped(&self.title)
        );
        let mut y = 40.0;
        for (name, bars) in &self.groups {
            let largest = bars.iter().map(|(_, value)| *value).fold(f64::MIN_POSITIVE, f64::max);
            writeln!(svg, "<text x=\"8\" y=\"{}\" font-weight=\"bold\">{}</text>", y + 14.0, escaped(name)).unwrap();
            y += ROW;
            for (label, value) in bars {
                let width = (WIDTH - LABELS - 90.0) * value / largest;
                let colour = if label.contains("ours") { "#d4622a" } else { "#6b8fb5" };
                let (middle, top) = (y + 14.0, y + 3.0);
                writeln!(
                    svg,
                    "<text x=\"{}\" y=\"{middle}\" text-anchor=\"end\">{}</text>",
                    LABELS - 8.0,
                    escaped(label)
                )
                .unwrap();
                writeln!(
                    svg,
                    "<rect x=\"{LABELS}\" y=\"{top}\" width=\"{width:.1}\" height=\"14\" fill=\"{colour}\"/>"
                )
                .unwrap();
                let end = LABELS + width + 6.0;
                writeln!(svg, "<text x=\"{end:.1}\" y=\"{middle}\">{value:.3} {}</text>", self.unit).unwrap();
                y += ROW;
            }
            y += ROW;
        }
        svg + "</svg>\n"
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

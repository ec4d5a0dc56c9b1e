//! Puts the stylesheet and script of `nhsuk-frontend` into the program, from where
//! `deploy/machine.sh` laid them. Where they are not, the pages have the project's own plain style.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
};

/// What is taken, and what stands in for it.
const FILES: [(&str, &str); 2] = [
    ("nhsuk.css", include_str!("assets/plain.css")),
    ("nhsuk.js", "export function initAll() {}\n"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    // <target>/<profile>/build/web-<hash>/out
    let target = out.ancestors().nth(4).ok_or("no target folder")?;
    let laid = target.join("web/nhsuk");
    fs::create_dir_all(&laid)?;
    println!("cargo:rerun-if-changed={}", laid.display());
    println!("cargo:rerun-if-changed=assets/plain.css");
    for (name, otherwise) in FILES {
        let text = taken(&laid.join(name)).unwrap_or_else(|| {
            println!(
                "cargo:warning=nhsuk-frontend is not there ({name}): pages are shown in a plain \
                 style; deploy/start fetches it where npm is installed"
            );
            otherwise.to_owned()
        });
        fs::write(out.join(name), text)?;
    }
    Ok(())
}

/// The file without what the project may not use or does not serve: the fonts are for services of
/// the NHS, and nothing is loaded from elsewhere.
fn taken(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let mut kept = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find("@font-face{") {
        let (before, face) = rest.split_at(at);
        kept.push_str(before);
        rest = face.split_once('}').map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    let lines: Vec<&str> = kept
        .lines()
        .filter(|line| !line.contains("sourceMappingURL="))
        .collect();
    Some(without_images(&lines.join("\n")))
}

fn without_images(text: &str) -> String {
    let mut parts = text.split("url(/assets/images/");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        kept.push_str("none");
        kept.push_str(part.split_once(')').map_or("", |(_, after)| after));
    }
    kept
}

//! The house rules as data: who may import whom, one foreign crate in one place, a page on top of each file, small files.

use std::fs;
use std::path::{Path, PathBuf};

/// Most lines a file may have, in-file tests included.
const CEILING: usize = 300;

/// Files above the ceiling, each with its reason.
const LONG: &[(&str, &str)] = &[];

/// What a file (longest prefix wins) may `use crate::…`, besides its own folder's files.
const LAYERS: &[(&str, &[&str])] = &[
    ("text.rs", &["text"]),
    ("error.rs", &[]),
    ("request.rs", &["error", "text"]),
    ("json.rs", &[]),
    ("http.rs", &["error", "json"]),
    ("ranking.rs", &["error", "request", "text"]),
    ("remote/", &["remote", "ranking", "request", "http", "json", "error", "text"]),
    ("remote/dmxapi/", &["remote", "ranking", "request", "http", "json", "error", "text"]),
    ("remote/qianfan/", &["remote", "ranking", "request", "http", "json", "error", "text"]),
    ("local/", &["local", "ranking", "request", "error"]),
    ("local/tokens/", &["local::tokens", "local::pair", "error"]),
    ("local/kernels/", &["local::kernels"]),
    ("wasm/", &["wasm", "remote", "local", "ranking", "request", "http", "json", "error", "text"]),
];

/// Where a foreign crate may be named.
const FOREIGN: &[(&str, &[&str])] = &[
    ("tract_onnx", &["local/onnx/"]),
    ("prost", &["local/onnx/"]),
    ("tokenizers", &[]),
    ("hashbrown", &["local/tokens/"]),
    ("unicode_normalization_alignments", &["local/tokens/normalizer.rs"]),
    ("unicode_segmentation", &["local/tokens/charsmap.rs"]),
    ("sha2", &["local/load.rs", "remote/qianfan/signature.rs"]),
    ("hmac", &["remote/qianfan/signature.rs"]),
    ("serde", &["json.rs", "wasm/"]),
    ("serde_json", &[]),
    ("wasm_bindgen", &["wasm/"]),
    ("js_sys", &["wasm/"]),
    ("rlsf", &["wasm/"]),
];

#[test]
fn imports_point_down() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let Some(allowed) = allowed(&path) else { continue };
        for (number, line) in code(&text) {
            for target in line.split("crate::").skip(1) {
                let target: String =
                    target.chars().take_while(|c| c.is_alphanumeric() || *c == '_' || *c == ':').collect();
                let is_allowed = |layer: &&&str| target == **layer || target.starts_with(&format!("{layer}::"));
                if !allowed.iter().any(|layer| is_allowed(&layer)) {
                    wrong.push(format!("src/{path}:{number}: {}", line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "imports against the arrows of architecture:\n{}", wrong.join("\n"));
}

#[test]
fn remote_and_local_never_see_each_other() {
    for (path, text) in sources() {
        for (side, other) in [("remote/", "crate::local"), ("local/", "crate::remote")] {
            let seen = path.starts_with(side) && code(&text).any(|(_, line)| line.contains(other));
            assert!(!seen, "src/{path} names {other}");
        }
    }
}

#[test]
fn a_child_never_imports_its_page() {
    for (path, text) in sources() {
        for (number, line) in code(&text) {
            let climbs =
                line.contains("super::super") || (line.contains("use super::") && !line.contains("use super::*"));
            assert!(!climbs, "src/{path}:{number}: {}; name the sibling by its crate:: path", line.trim());
        }
    }
}

#[test]
fn each_foreign_crate_lives_in_one_place() {
    for (path, text) in sources() {
        for (number, line) in code(&text) {
            for (name, homes) in FOREIGN {
                let named = line.contains(&format!("{name}::")) && !line.contains(&format!("_{name}::"));
                let at_home = homes.iter().any(|home| path.starts_with(home));
                assert!(!named || at_home, "src/{path}:{number}: {name} lives in {homes:?}: {}", line.trim());
            }
        }
    }
}

#[test]
fn each_file_opens_with_its_page_and_stays_small() {
    for (path, text) in sources() {
        assert!(text.starts_with("//! "), "src/{path}: expected a //! page on line 1");
        let is_excepted = LONG.iter().any(|(file, _)| *file == path);
        let lines = text.lines().count();
        assert!(lines <= CEILING || is_excepted, "src/{path}: {lines} lines, the ceiling is {CEILING}");
        assert!(!is_excepted || lines > CEILING, "src/{path} needs its exception no longer");
    }
}

/// In `remote.wasm` all of `core::fmt` is a trap (pkg-template/shrink.mjs): `text!` takes its place.
#[test]
fn what_the_remote_client_is_made_of_does_without_format() {
    for (path, text) in sources() {
        let is_remote = path.starts_with("remote/") || path.starts_with("wasm/") || !path.contains('/');
        // Local only: the local engine, and the hook that words a panic.
        if !is_remote || path.contains("local") || ["wasm/mod.rs", "text.rs"].contains(&path.as_str()) {
            continue;
        }
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in code(text) {
            let found = ["format!", "write!", ".to_string()"].iter().find(|word| line.contains(*word));
            assert!(found.is_none(), "src/{path}:{number}: text! in place of {found:?}: {}", line.trim());
        }
    }
}

#[test]
fn files_are_named_by_what_they_yield() {
    const BANNED: [&str; 6] = ["utils", "common", "helpers", "core", "manager", "base"];
    for (path, _) in sources() {
        let named = Path::new(&path).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        assert!(!BANNED.contains(&named.as_str()), "src/{path} says nothing by its name");
        assert!(named != "types" || path == "wasm/types.rs", "src/{path}: types has one home, wasm/types.rs");
    }
}

/// Layers the file at `path` may import; `None` for lib.rs, which lists all.
fn allowed(path: &str) -> Option<&'static [&'static str]> {
    if path == "lib.rs" {
        return None;
    }
    let rule = LAYERS.iter().filter(|(prefix, _)| path.starts_with(prefix)).max_by_key(|(prefix, _)| prefix.len());
    Some(rule.unwrap_or_else(|| panic!("src/{path} stands in no layer: give it a line in tests/layers.rs")).1)
}

/// Numbered lines that are not comments.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(at, line)| (at + 1, line)).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Every Rust file below src/, by its path from there.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("src/ can be read") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).expect("below src").to_string_lossy().replace('\\', "/");
                files.push((name, fs::read_to_string(&path).expect("UTF-8")));
            }
        }
    }
    assert!(files.len() > 10, "expected the tree, found {} files", files.len());
    files
}

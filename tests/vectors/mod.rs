//! Where the vectors are, for every test that needs them: in the folder that `DASH_VECTORS` names, else in
//! `../shared/vectors` beside the project.

use std::path::PathBuf;

/// A folder of the vectors; `.` is all of them. Without it the test says by its name that it is skipped, which counts as
/// a failure where `CI` is set.
pub fn folder(test: &str, folder: &str) -> Option<PathBuf> {
    let root = std::env::var_os("DASH_VECTORS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors"), PathBuf::from);
    let folder = root.join(folder);
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var_os("CI").is_none(), "{test}: no vectors");
    println!("skipped: {test}: no vectors");
    None
}

/// A folder of the vectors by its name, or the end of the test.
macro_rules! need_vectors {
    ($test:literal, $folder:literal) => {
        match crate::vectors::folder($test, $folder) {
            Some(folder) => folder,
            None => return,
        }
    };
}

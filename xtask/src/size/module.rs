//! The functions of a wasm module, with the names that its `name` section gives them.

use anyhow::Result;
use std::collections::{HashMap, HashSet};
use wasmparser::{ExternalKind, KnownCustom, Name, Parser, Payload, TypeRef};

/// What wasm-bindgen reads at build time and takes out of the module.
const DESCRIPTION: &str = "__wbindgen_describe";

/// A function.
pub struct Function {
    /// Its name as its language has it; without the hash that tells apart functions of one Rust name.
    pub name: String,
    /// Bytes of its body.
    pub size: usize,
    /// Whether its name is one of Rust.
    pub is_rust: bool,
    /// Whether JavaScript can call it.
    pub is_export: bool,
}

/// What takes room in a module.
pub struct Module {
    /// All functions, but for those that wasm-bindgen takes out.
    pub functions: Vec<Function>,
    /// Bytes of data.
    pub data: usize,
}

impl Module {
    /// Takes a module apart.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let (mut imported, mut sizes, mut data) = (0, Vec::new(), 0);
        let (mut names, mut exports) = (HashMap::new(), HashSet::new());
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        imported += u32::from(matches!(import?.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)));
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        if export.kind == ExternalKind::Func {
                            exports.insert(export.index);
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => sizes.push(body.range().len()),
                Payload::DataSection(section) => data = section.range().len(),
                Payload::CustomSection(section) => {
                    let KnownCustom::Name(section) = section.as_known() else { continue };
                    for part in section {
                        let Name::Function(functions) = part? else { continue };
                        for naming in functions {
                            let naming = naming?;
                            names.insert(naming.index, naming.name);
                        }
                    }
                }
                _ => {}
            }
        }
        let functions = (imported..).zip(sizes).map(|(index, size)| {
            let symbol = names.get(&index).copied().unwrap_or("without a name");
            let rust = rustc_demangle::try_demangle(symbol).ok();
            let is_rust = rust.is_some();
            let name = rust.map_or_else(|| symbol.to_owned(), |name| format!("{name:#}"));
            Function { name, size, is_rust, is_export: exports.contains(&index) }
        });
        let functions = functions.filter(|function| !function.name.starts_with(DESCRIPTION)).collect();
        Ok(Self { functions, data })
    }
}

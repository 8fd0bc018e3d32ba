//! What a function belongs to: a module of ours or of the standard library, another crate, C.

use super::module::Function;

/// The name of the group: a module up to its third name, as `dash_spv_wasm::sync::filters`, for code of ours and of the
/// standard library; the crate for others.
///
/// What is generic has one name for all types, and belongs where it is written; a method of a type belongs to the type's
/// module.
pub fn group(function: &Function) -> String {
    if !function.is_rust {
        let what = if function.is_export { "exports" } else { "C" };
        return what.to_owned();
    }
    let path = path(&function.name);
    let modules: Vec<&str> = path.split("::").collect();
    let depth = match modules[0] {
        "dash_spv_wasm" | "core" | "alloc" | "std" => 3,
        _ => 1,
    };
    // The last name is the function's or the type's.
    let of_modules = modules.len().saturating_sub(1).max(1);
    let is_module = |name: &&&str| name.starts_with(|first: char| first.is_ascii_lowercase());
    let modules: Vec<&str> =
        modules.iter().take(of_modules).take_while(is_module).take(depth).copied().collect();
    if modules.is_empty() { path.to_owned() } else { modules.join("::") }
}

/// The path in a name: of the type in `<T as Trait>::method`, or of the trait if the type is a parameter or built in.
fn path(name: &str) -> &str {
    let Some(inside) = name.strip_prefix('<') else { return plain(name) };
    let ty = plain(inside.trim_start_matches(['&', '*', '(', '[', '<', ' ']).trim_start_matches("mut "));
    if ty.contains("::") {
        return ty;
    }
    inside.split_once(" as ").map_or(ty, |(_, of)| plain(of))
}

/// Up to the first generic argument or implementation.
fn plain(name: &str) -> &str {
    let end = name.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(name.len());
    name[..end].trim_end_matches(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rust(name: &str) -> String {
        group(&Function { name: name.to_owned(), size: 1, is_rust: true, is_export: false })
    }

    #[test]
    fn functions_belong_to_their_module() {
        for (name, expected) in [
            ("dash_spv_wasm::engine::Engine::handle", "dash_spv_wasm::engine"),
            ("dash_spv_wasm::sync::filters::lane::Lane::add", "dash_spv_wasm::sync::filters"),
            ("dash_spv_wasm::sync::headers::replies::<impl X for Y>::on", "dash_spv_wasm::sync::headers"),
            ("dash_spv_wasm::sync::scheduler::RequestScheduler<K>::next", "dash_spv_wasm::sync::scheduler"),
            ("dash_protocol::message::Message::decode", "dash_protocol"),
            ("main", "main"),
        ] {
            assert_eq!(rust(name), expected, "{name}");
        }
    }

    #[test]
    fn what_is_generic_belongs_where_it_is_written() {
        for (name, expected) in [
            ("core::slice::sort::stable::quicksort::quicksort", "core::slice::sort"),
            ("core::ptr::drop_in_place<dash_spv_wasm::engine::Engine>", "core::ptr"),
            ("alloc::collections::btree::map::BTreeMap<K,V,A>::insert", "alloc::collections::btree"),
            ("<alloc::vec::Vec<T,A> as core::ops::drop::Drop>::drop", "alloc::vec"),
            ("<&T as core::fmt::Display>::fmt", "core::fmt"),
            ("<&mut dash_protocol::Reader as core::fmt::Debug>::fmt", "dash_protocol"),
        ] {
            assert_eq!(rust(name), expected, "{name}");
        }
    }

    #[test]
    fn what_is_not_rust_is_an_export_or_c() {
        let named = |is_export| Function { name: "f".to_owned(), size: 1, is_rust: false, is_export };
        assert_eq!([true, false].map(|is_export| group(&named(is_export))), ["exports", "C"]);
    }
}

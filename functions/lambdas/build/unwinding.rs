//! Lets the linker leave out the unwinding tables of functions that a binary does not have.
//!
//! LLVM gives the table of each function a section of its own, and says which function it belongs
//! to (`SHF_LINK_ORDER`) only where it is told that the linker is new enough, which rustc does not
//! do. LLD then keeps all tables of all functions: a twentieth of what is deployed.

use std::collections::HashMap;

const TABLE: &[u8] = b".gcc_except_table.";
const CODE: [&[u8]; 2] = [b".text.", b".text.unlikely."];
const SHF_LINK_ORDER: u64 = 0x80;

/// Ties each table in an archive of 64-bit little-endian ELF objects to the section of its code.
///
/// What is not understood stays as it is: it works, and is larger.
pub(crate) fn tie_to_code(archive: &mut [u8]) {
    let mut at = b"!<arch>\n".len();
    while let Some(size) = size(archive, at) {
        let start = at + 60;
        if let Some(object) = archive.get_mut(start..start + size) {
            tie_in_object(object);
        }
        at = (start + size).next_multiple_of(2);
    }
}

/// The size of the member of an archive whose header is at `at`.
fn size(archive: &[u8], at: usize) -> Option<usize> {
    str::from_utf8(archive.get(at + 48..at + 58)?).ok()?.trim().parse().ok()
}

/// Where in a section's header a field of 32 or 64 bits is.
#[derive(Clone, Copy)]
enum Field {
    Name = 0,
    Flags = 8,
    Offset = 24,
    Size = 32,
    Link = 40,
}

fn tie_in_object(object: &mut [u8]) -> Option<()> {
    if !object.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let headers = number::<8>(object, 40)?;
    let count = number::<2>(object, 60)?;
    let header = |index: usize, field: Field| {
        headers.saturating_add(index.saturating_mul(64)).saturating_add(field as usize)
    };
    // With more sections than 16 bits count, the first header has what the file's has no room for.
    let count = if count == 0 { number::<8>(object, header(0, Field::Size))? } else { count };
    let names = match number::<2>(object, 62)? {
        0xffff => number::<4>(object, header(0, Field::Link))?,
        names => names,
    };
    let names = number::<8>(object, header(names, Field::Offset))?;
    let mut code = HashMap::new();
    let mut tables = Vec::new();
    for index in 0..count {
        let name = names.saturating_add(number::<4>(object, header(index, Field::Name))?);
        let name = object.get(name..)?.split(|byte| *byte == 0).next()?;
        if let Some(function) = name.strip_prefix(TABLE) {
            tables.push((index, function.to_vec()));
        } else {
            // The longer prefix last: it is the right one where both fit.
            for function in CODE.iter().filter_map(|prefix| name.strip_prefix(*prefix)) {
                code.insert(function.to_vec(), index);
            }
        }
    }
    for (table, function) in tables {
        if let Some(code) = code.get(&function) {
            let flags = header(table, Field::Flags);
            let tied = number::<8>(object, flags)? as u64 | SHF_LINK_ORDER;
            object.get_mut(flags..flags + 8)?.copy_from_slice(&tied.to_le_bytes());
            let link = header(table, Field::Link);
            object.get_mut(link..link + 4)?.copy_from_slice(&(*code as u32).to_le_bytes());
        }
    }
    Some(())
}

fn number<const BYTES: usize>(object: &[u8], at: usize) -> Option<usize> {
    let mut wide = [0; 8];
    wide[..BYTES].copy_from_slice(object.get(at..at.checked_add(BYTES)?)?);
    usize::try_from(u64::from_le_bytes(wide)).ok()
}

//! The build script of the functions ties tables for unwinding to the code they are for.

#[path = "../../functions/lambdas/build/unwinding.rs"]
mod script;

const HEADER: usize = 64;
const LINK_ORDER: u64 = 0x80;

/// An archive of one object that has sections of these names, and nothing in them.
fn archive(names: &[&str]) -> Vec<u8> {
    let mut texts = vec![0];
    let mut headers = vec![0; HEADER];
    for name in names.iter().chain(&[".shstrtab"]) {
        let mut header = [0; HEADER];
        header[..4].copy_from_slice(&(texts.len() as u32).to_le_bytes());
        header[8] = 2; // SHF_ALLOC
        header[24..32].copy_from_slice(&(HEADER as u64).to_le_bytes());
        headers.extend(header);
        texts.extend(name.bytes().chain([0]));
    }
    let mut object = vec![0; HEADER];
    object[..6].copy_from_slice(b"\x7fELF\x02\x01");
    object[40..48].copy_from_slice(&((HEADER + texts.len()) as u64).to_le_bytes());
    object[60..62].copy_from_slice(&(names.len() as u16 + 2).to_le_bytes());
    object[62..64].copy_from_slice(&(names.len() as u16 + 1).to_le_bytes());
    object.extend(texts);
    object.extend(headers);
    let mut archive = format!("!<arch>\n{:<48}{:<10}`\n", "a.o/", object.len()).into_bytes();
    archive.extend(object);
    archive
}

/// Which section each of so many is tied to.
fn ties(archive: &[u8], sections: usize) -> Vec<Option<u32>> {
    let headers = &archive[archive.len() - (sections + 1) * HEADER..];
    let tie = |header: &[u8]| {
        let flags = u64::from_le_bytes(header[8..16].try_into().unwrap());
        assert_eq!(flags & !LINK_ORDER, 2, "it was allocated and nothing else");
        let link = u32::from_le_bytes(header[40..44].try_into().unwrap());
        (flags & LINK_ORDER != 0).then_some(link)
    };
    headers.chunks(HEADER).take(sections).map(tie).collect()
}

#[test]
fn a_table_is_tied_to_the_code_of_its_function() {
    let names = [
        ".gcc_except_table.serve",
        ".text.serve",
        ".text.unlikely.refuse",
        ".gcc_except_table.refuse",
        ".gcc_except_table.gone",
        ".rodata.serve",
    ];
    let mut archive = archive(&names);
    script::tie_to_code(&mut archive);
    assert_eq!(ties(&archive, names.len()), [Some(2), None, None, Some(3), None, None]);
}

#[test]
fn what_is_not_understood_stays_as_it_is() {
    let whole = archive(&[".gcc_except_table.serve", ".text.serve"]);
    let elf_of_32_bits = {
        let mut archive = whole.clone();
        archive[8 + 60 + 4] = 1;
        archive
    };
    for strange in [b"".to_vec(), b"no archive".to_vec(), elf_of_32_bits] {
        let mut tied = strange.clone();
        script::tie_to_code(&mut tied);
        assert!(tied == strange);
    }
    // Cut anywhere, it is read without a panic.
    for end in 0..whole.len() {
        script::tie_to_code(&mut whole[..end].to_vec());
    }
}

//! Derived files beside the files on disk.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

/// What files should contain.
#[derive(Debug)]
pub struct Derived {
    root: PathBuf,
    /// By path below the root.
    files: BTreeMap<String, String>,
    /// Directories that hold derived files only.
    directories: Vec<&'static str>,
}

impl Derived {
    pub(crate) fn new(
        root: &Path,
        files: BTreeMap<String, String>,
        directories: &[&'static str],
    ) -> Derived {
        Derived { root: root.to_owned(), files, directories: directories.to_vec() }
    }

    /// The files that differ from what they should contain, each with the first difference.
    ///
    /// # Errors
    /// A directory cannot be read.
    pub fn differences(&self) -> io::Result<Vec<String>> {
        let mut found = Vec::new();
        for (path, text) in &self.files {
            match fs::read_to_string(self.root.join(path)) {
                Ok(is) if is == *text => {}
                Ok(is) => found.push(format!("{path}:{}", first_difference(&is, text))),
                Err(error) => found.push(format!("{path}: {error}")),
            }
        }
        found.extend(self.strays()?.into_iter().map(|path| format!("{path}: nothing has it")));
        Ok(found)
    }

    /// Writes what differs and removes what nothing has; returns the paths.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn write(&self) -> io::Result<Vec<String>> {
        let mut changed = Vec::new();
        for (path, text) in &self.files {
            let file = self.root.join(path);
            if fs::read_to_string(&file).is_ok_and(|is| is == *text) {
                continue;
            }
            file.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::write(file, text)?;
            changed.push(path.clone());
        }
        for path in self.strays()? {
            fs::remove_file(self.root.join(&path))?;
            changed.push(path);
        }
        Ok(changed)
    }

    /// Files in the derived directories that should not be there.
    fn strays(&self) -> io::Result<BTreeSet<String>> {
        let mut strays = BTreeSet::new();
        for directory in &self.directories {
            let entries = match fs::read_dir(self.root.join(directory)) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            for entry in entries {
                let path = format!("{directory}/{}", entry?.file_name().to_string_lossy());
                if !self.files.contains_key(&path) {
                    strays.insert(path);
                }
            }
        }
        Ok(strays)
    }
}

/// The number of the first line that differs, with both texts.
fn first_difference(is: &str, should: &str) -> String {
    let (mut is, mut should) = (is.lines(), should.lines());
    let mut number = 0;
    loop {
        number += 1;
        match (is.next(), should.next()) {
            (None, None) => return format!("{number}: the end of the last line differs"),
            (is, should) if is == should => {}
            (is, should) => {
                let text =
                    |line: Option<&str>| line.map_or("nothing".to_owned(), |l| format!("`{l}`"));
                return format!("{number}: is {}, should be {}", text(is), text(should));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_missing_differs_or_is_a_stray_until_it_is_written() {
        let root = std::env::temp_dir().join(format!("describe-{}", std::process::id()));
        let files = [("a/one", "1\n2\n"), ("b", "b\n")].map(|(p, t)| (p.into(), t.into()));
        let derived = Derived::new(&root, files.into(), &["a"]);
        fs::create_dir_all(root.join("a")).unwrap();
        fs::write(root.join("a/one"), "1\n3\n").unwrap();
        fs::write(root.join("a/two"), "").unwrap();

        let found = derived.differences().unwrap();
        assert_eq!(found[0], "a/one:2: is `3`, should be `2`");
        assert!(found[1].starts_with("b: "), "{found:?}");
        assert_eq!(found[2], "a/two: nothing has it");
        assert_eq!(derived.write().unwrap(), ["a/one", "b", "a/two"]);
        assert!(derived.differences().unwrap().is_empty());
        assert!(derived.write().unwrap().is_empty());
        fs::remove_dir_all(root).unwrap();
    }
}

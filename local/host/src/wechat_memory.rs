//! What the simulated WeChat remembers, in the data directory.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use shared::Clock;
use simulator::{Memory, Simulator};

use crate::private_files;

const FILE: &str = "simulator.json";

/// The simulator's memory as it was written last.
pub(crate) struct WechatMemory {
    simulator: Simulator,
    clock: Clock,
    file: PathBuf,
    written: Mutex<String>,
}

#[derive(Serialize, Deserialize)]
struct Written {
    /// How far our clock was moved: what is written is of its times.
    ahead_ms: i64,
    wechat: Memory,
}

impl WechatMemory {
    /// Has the simulator remember what is in the directory; tells whether there was anything.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn open(
        directory: &Path,
        simulator: &Simulator,
        clock: &Clock,
    ) -> io::Result<(WechatMemory, bool)> {
        let file = directory.join(FILE);
        let text = match fs::read_to_string(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            text => text?,
        };
        if !text.is_empty() {
            let Written { ahead_ms, wechat } = serde_json::from_str(&text)?;
            clock.advance_ms(ahead_ms);
            simulator.recall(wechat);
        }
        let known = !text.is_empty();
        let (simulator, clock) = (simulator.clone(), clock.clone());
        Ok((WechatMemory { simulator, clock, file, written: Mutex::new(text) }, known))
    }

    /// Writes what has changed, as a whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn save(&self) -> io::Result<()> {
        let written = Written { ahead_ms: self.clock.ahead_ms(), wechat: self.simulator.memory() };
        let text = serde_json::to_string(&written)?;
        let mut last = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if *last == text {
            return Ok(());
        }
        let next = self.file.with_extension("new");
        // Of an interrupted attempt something may be left.
        let _ = fs::remove_file(&next);
        private_files::create(&next)?.write_all(text.as_bytes())?;
        fs::rename(next, &self.file)?;
        *last = text;
        Ok(())
    }
}

//! Trouble on request: what goes wrong, on which calls, and how often.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Simulator;

/// Trouble that some calls meet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The beginning of the paths it is about. `None`: all of them.
    #[serde(default)]
    pub path: Option<String>,
    /// The app it is about. `None`: all of them.
    #[serde(default)]
    pub appid: Option<String>,
    /// What goes wrong.
    pub effect: Effect,
    /// How many calls it meets. `None`: all until it is cleared.
    #[serde(default)]
    pub times: Option<u32>,
    /// How many calls it lets pass first.
    #[serde(default)]
    pub after: u32,
}

impl Fault {
    /// Trouble for every call to the paths that begin so.
    pub fn on(path: &str, effect: Effect) -> Fault {
        Fault { path: Some(path.into()), appid: None, effect, times: None, after: 0 }
    }

    /// For calls about this app alone.
    pub fn of(self, appid: &str) -> Fault {
        Fault { appid: Some(appid.into()), ..self }
    }

    /// For so many calls, then no more.
    pub fn times(self, times: u32) -> Fault {
        Fault { times: Some(times), ..self }
    }

    /// For the calls after the first so many.
    pub fn after(self, after: u32) -> Fault {
        Fault { after, ..self }
    }
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Effect {
    /// WeChat refuses with this code and does nothing.
    Errcode {
        /// The code.
        code: i64,
        /// The text before the rid.
        errmsg: String,
    },
    /// Something in front of WeChat answers instead.
    Status {
        /// The HTTP status.
        status: u16,
        /// The page.
        #[serde(default)]
        body: String,
    },
    /// The connection closes, and WeChat has done nothing.
    DropBefore,
    /// WeChat acts on the request, and then the connection closes without an answer.
    DropAfter,
    /// The call waits this long, then goes its way (into the next fault, if there is one).
    Delay {
        /// Real milliseconds.
        ms: u64,
    },
    /// 200 with bytes that are not JSON; nothing is done.
    Garbage,
    /// WeChat acts, and the connection closes in the middle of the answer.
    Truncated,
}

/// A fault in force.
#[derive(Clone, Serialize)]
pub(super) struct Standing {
    id: u64,
    #[serde(flatten)]
    fault: Fault,
    /// The calls it was about, those it let pass included.
    matched: u32,
    /// The calls that met it.
    met: u32,
}

/// What a call meets.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Trouble {
    pub(super) delay: Duration,
    pub(super) effect: Option<Effect>,
}

/// The faults in force, oldest first.
#[derive(Default)]
pub(super) struct Faults {
    standing: Vec<Standing>,
    last: u64,
}

impl Simulator {
    /// Adds a fault and returns its id.
    ///
    /// # Panics
    ///
    /// If it is to answer with a status that HTTP does not have.
    pub fn fault(&self, fault: Fault) -> u64 {
        if let Effect::Status { status, .. } = fault.effect {
            assert!((200..=599).contains(&status), "{status} is not a final HTTP status");
        }
        self.state(|faults: &mut Faults| faults.add(fault))
    }

    /// Ends all faults.
    pub fn clear_faults(&self) {
        self.state(Faults::clear);
    }
}

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) -> u64 {
        self.last += 1;
        self.standing.push(Standing { id: self.last, fault, matched: 0, met: 0 });
        self.last
    }

    pub(super) fn standing(&self) -> Vec<Standing> {
        self.standing.clone()
    }

    pub(super) fn clear(&mut self) {
        self.standing.clear();
    }

    /// Whether there was one of this id.
    pub(super) fn remove(&mut self, id: u64) -> bool {
        let before = self.standing.len();
        self.standing.retain(|standing| standing.id != id);
        self.standing.len() < before
    }

    /// What a call meets: all delays up to the first effect that decides it.
    pub(super) fn meet(&mut self, path: &str, appid: Option<&str>) -> Trouble {
        let mut trouble = Trouble::default();
        for standing in &mut self.standing {
            let Standing { fault, matched, met, .. } = standing;
            let here = fault.path.as_deref().is_none_or(|prefix| path.starts_with(prefix));
            let theirs = fault.appid.is_none() || fault.appid.as_deref() == appid;
            if !here || !theirs || fault.times.is_some_and(|times| *met >= times) {
                continue;
            }
            *matched += 1;
            if *matched <= fault.after {
                continue;
            }
            *met += 1;
            if let Effect::Delay { ms } = fault.effect {
                trouble.delay += Duration::from_millis(ms);
            } else {
                trouble.effect = Some(fault.effect.clone());
                break;
            }
        }
        trouble
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy() -> Effect {
        Effect::Errcode { code: -1, errmsg: "system error".into() }
    }

    #[test]
    fn a_fault_meets_its_paths_and_apps_after_the_first_and_so_often() {
        let mut faults = Faults::default();
        faults.add(Fault::on("/cgi-bin/", busy()).of("wx1").after(1).times(2));

        let mut meets = |path, appid| faults.meet(path, appid).effect.is_some();

        assert!(!meets("/sns/jscode2session", Some("wx1")));
        assert!(!meets("/cgi-bin/token", Some("wx2")));
        assert!(!meets("/cgi-bin/token", None));
        let calls = [(); 4].map(|()| meets("/cgi-bin/token", Some("wx1")));
        assert_eq!(calls, [false, true, true, false]);
    }

    #[test]
    fn delays_add_up_before_the_effect_that_decides() {
        let mut faults = Faults::default();
        faults.add(Fault::on("/", Effect::Delay { ms: 2 }));
        faults.add(Fault::on("/", Effect::Delay { ms: 3 }));
        let first = faults.add(Fault::on("/", busy()).times(1));
        faults.add(Fault::on("/", Effect::Garbage));

        let met = [(); 2].map(|()| faults.meet("/any", None));

        let delay = Duration::from_millis(5);
        assert_eq!(met[0], Trouble { delay, effect: Some(busy()) });
        assert_eq!(met[1], Trouble { delay, effect: Some(Effect::Garbage) });
        assert!(faults.remove(first) && !faults.remove(first));
        faults.clear();
        assert_eq!(faults.meet("/any", None), Trouble::default());
    }
}

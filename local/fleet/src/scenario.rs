//! The days that are simulated.

use shared::{AccountKind, config::TokenMode, credentials::CredentialKind};

use super::{Blow, Errand, Fault, Trouble, World, random::Random};

/// A day: who is there, and what goes wrong.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What the example and the report call it.
    pub name: &'static str,
    /// Handler environments.
    pub environments: usize,
    /// What the randomness comes from.
    pub seed: u64,
    /// How long it lasts.
    pub hours: u64,
    /// How tokens are fetched.
    pub mode: TokenMode,
    /// Whose credentials are used.
    pub accounts: &'static [AccountKind],
    /// How wrong every clock is at most, in milliseconds.
    pub skew_ms: u64,
    /// Troubles that last.
    pub faults: Vec<Fault>,
    /// Troubles that happen at once, in order, with the second they happen at.
    pub blows: Vec<(u64, Blow)>,
    /// One request in a hundred wants an operation that WeChat answers with 40001 whatever the
    /// token.
    pub stubborn: bool,
    /// The first requests come half a minute before the first tick.
    pub cold: bool,
    /// Whether there is a refresher at all.
    pub refresher: bool,
}

/// A scenario's name, what it is about, and what it changes in a calm day.
type Named = (&'static str, &'static str, fn(&mut Scenario));

const MINI_PROGRAM: &[AccountKind] = &[AccountKind::MiniProgram];
const BOTH: &[AccountKind] = &[AccountKind::OfficialAccount, AccountKind::MiniProgram];

/// Seconds of a day.
const DAY: u64 = 86_400;

/// Every scenario.
#[rustfmt::skip]
pub const SCENARIOS: &[Named] = &[
    ("calm", "nothing goes wrong", |_| {}),
    ("legacy", "nothing goes wrong, tokens of cgi-bin/token", |day| day.mode = TokenMode::Legacy),
    ("tickets", "nothing goes wrong, an official account and a mini program", |day| day.accounts = BOTH),
    ("cold", "the first requests come half a minute before the first tick", |day| day.cold = true),
    ("invalidated", "somebody else refreshes the token ten times", |day| day.blows = every(8000, Blow::Invalidate)),
    ("poisoned", "WeChat refuses the token it still returns, ten times", |day| day.blows = every(8000, Blow::Poison)),
    ("down", "the token endpoint is down for 100 minutes while the token lives", |day| day.during(7_000, 13_000, Trouble::Down)),
    ("down-long", "the token endpoint is down for three hours", |day| day.during(7_000, 17_830, Trouble::Down)),
    ("busy", "errcode -1 for ten minutes of every hour", |day| day.hourly(600, Trouble::Refuses(-1))),
    ("slow", "the token endpoint takes 4 s", |day| { day.accounts = BOTH; day.during(0, DAY, Trouble::Slow(4000)); }),
    ("quota", "a quota of the token endpoint is used up for three hours", |day| day.during(7_000, 17_830, Trouble::Refuses(45009))),
    ("table", "one table call in twenty fails", |day| { day.accounts = BOTH; day.during(0, DAY, Trouble::TableErrors(5)); }),
    ("table-down", "the table is gone for three minutes of every hour", |day| day.hourly(180, Trouble::TableErrors(100))),
    ("killed", "half the refresher's runs die somewhere, and tokens are invalidated", |day| {
        day.accounts = BOTH;
        day.blows = every(8000, Blow::Invalidate);
        day.during(0, DAY, Trouble::Killed(50));
    }),
    ("twins", "two refreshers at every tick, and tokens are invalidated", |day| {
        day.accounts = BOTH;
        day.blows = every(8000, Blow::Invalidate);
        day.during(0, DAY, Trouble::Twins);
    }),
    ("skew", "every clock is wrong by up to 2 s", |day| { day.accounts = BOTH; day.skew_ms = 2000; }),
    ("stream-lost", "no signal arrives, and tokens are invalidated", |day| {
        day.blows = every(8000, Blow::Invalidate);
        day.during(0, DAY, Trouble::StreamLost);
    }),
    ("stubborn", "one operation answers 40001 whatever the token", |day| day.stubborn = true),
    ("no-refresher", "nobody refreshes", |day| day.refresher = false),
    ("storm", "all of it at once", |day| {
        day.accounts = BOTH;
        day.skew_ms = 2000;
        day.stubborn = true;
        day.blows = every(8000, Blow::Invalidate);
        day.during(0, DAY, Trouble::TableErrors(2));
        day.during(0, DAY, Trouble::Killed(20));
        day.during(0, DAY, Trouble::Twins);
        day.hourly(300, Trouble::Refuses(-1));
        day.during(30_000, 36_000, Trouble::Down);
        day.during(50_000, 60_000, Trouble::StreamLost);
    }),
];

impl Scenario {
    /// A day in which nothing goes wrong.
    pub fn calm(environments: usize, seed: u64) -> Scenario {
        Scenario {
            name: "calm",
            environments,
            seed,
            hours: 24,
            mode: TokenMode::Stable,
            accounts: MINI_PROGRAM,
            skew_ms: 0,
            faults: Vec::new(),
            blows: Vec::new(),
            stubborn: false,
            cold: false,
            refresher: true,
        }
    }

    /// One of [`SCENARIOS`].
    pub fn named(name: &str, environments: usize, seed: u64) -> Option<Scenario> {
        let (name, _, change) = SCENARIOS.iter().find(|(known, ..)| *known == name)?;
        let mut scenario = Scenario { name, ..Scenario::calm(environments, seed) };
        change(&mut scenario);
        Some(scenario)
    }

    fn during(&mut self, from: u64, until: u64, trouble: Trouble) {
        self.faults.push(Fault { from, until, trouble });
    }

    fn hourly(&mut self, lasts: u64, trouble: Trouble) {
        for hour in 0..24 {
            // Not in the first minute of the day: a fleet is not born in trouble.
            self.during(hour * 3600 + 1800, hour * 3600 + 1800 + lasts, trouble);
        }
    }

    /// What the next request wants.
    pub(super) fn errand(&self, world: &World, random: &mut Random) -> Errand {
        let account = random.below(world.accounts.len() as u64) as usize;
        let kinds = world.accounts[account].kind.credentials();
        let kind = kinds[random.below(kinds.len() as u64) as usize];
        let key = world.key(account, kind);
        match kind {
            CredentialKind::AccessToken if self.stubborn && random.percent(1) => {
                Errand::StubbornCall(key)
            }
            CredentialKind::AccessToken => Errand::Call(key),
            CredentialKind::JsapiTicket | CredentialKind::WxCardTicket => Errand::Sign(key),
        }
    }
}

fn every(seconds: u64, blow: Blow) -> Vec<(u64, Blow)> {
    (1..=10).map(|count| (count * seconds, blow)).collect()
}

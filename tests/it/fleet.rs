//! The credentials engine under every trouble, on virtual time; the invariants are those of the
//! engine's design.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use fleet::{self, Blow, Fault, Report, Scenario, Table, Trouble, World, killed_at};
use functions::refresh_credentials::{Demand, State};
use shared::{
    AccountKind, Error, Problem, Result, Secret,
    config::{Aws, TokenMode},
    credentials::{
        Consistency, Credential, CredentialKey, CredentialKind, Credentials, Forced, Lease, Record,
        RefreshFailure, Signal, Store,
    },
    transport::Transport,
};
use tokio::time::sleep;

const MINI_PROGRAM: &[AccountKind] = &[AccountKind::MiniProgram];
const OFFICIAL_ACCOUNT: &[AccountKind] = &[AccountKind::OfficialAccount];
const DAY: u64 = 86_400;

/// What holds on every day, whatever happens.
fn day(name: &str, environments: usize) -> Report {
    let scenario = Scenario::named(name, environments, 1).expect("a scenario of this name");
    let report = fleet::run(&scenario);
    println!("{}", fleet::side_by_side(std::slice::from_ref(&report)));
    assert_eq!(report.table.older_over_newer, 0, "an older credential over a newer one");
    assert_eq!(report.table.second_winners, 0, "two values of one version");
    assert!(report.wechat.most_in_flight <= 1, "two fetches of one credential at once");
    assert!(report.requests.most_calls <= 2, "more than one retry");
    assert!(report.requests.slowest_ms < 3_000, "a request waited without bound");
    assert_eq!(report.requests.unclean, 0, "a failure without 503 and Retry-After");
    report
}

/// The reads that one environment may make in a day, of so many credentials.
fn reads_allowed(report: &Report, credentials: u64) -> u64 {
    // One more: the first read finds an empty cache.
    credentials * (DAY / 240 + report.most_rotations() + 1)
}

#[test]
fn a_calm_day_costs_wechat_the_same_for_1_and_for_10_000_environments() {
    let reports = [1, 100, 10_000].map(|environments| day("calm", environments));
    println!("{}", fleet::side_by_side(&reports));
    for report in &reports {
        assert_eq!(report.failed(), 0);
        assert_eq!(report.wechat, reports[0].wechat, "independent of the number of environments");
        assert_eq!(report.wechat.most_in_a_minute, 1);
        // At the due tick, and once more where WeChat finds the old token not due by a moment.
        assert!(report.wechat.token_calls <= 2 * report.most_rotations());
        assert!(report.most_reads <= reads_allowed(report, 1), "{}", report.most_reads);
        assert_eq!(report.signals(), 0);
    }
}

#[test]
fn the_same_seed_gives_the_same_day() {
    let run = |seed| fleet::run(&Scenario::named("storm", 50, seed).unwrap());
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn invariant_1_handlers_never_fetch() {
    let report = day("no-refresher", 100);

    assert_eq!((report.wechat.token_calls, report.wechat.ticket_calls), (0, 0));
    assert_eq!(report.failed(), report.requests.count, "nothing to use, and clean 503s");
    // A signal counts for an hour.
    assert!(report.signals() <= 24);
}

#[test]
fn legacy_tokens_last_a_calm_day() {
    let report = day("legacy", 100);

    assert_eq!(report.failed(), 0);
    assert_eq!(report.wechat.token_calls, report.most_rotations());
    assert!(report.most_reads <= reads_allowed(&report, 1));
    assert!(report.requests.dead.is_empty());
}

#[test]
fn tickets_that_repeat_with_a_full_life_last_a_calm_day() {
    let report = day("tickets", 100);

    assert_eq!(report.failed(), 0);
    assert_eq!(report.staleness(CredentialKind::AccessToken), 0);
    // WeChat has no new ticket before the old one's end; a moment of grace settles whose clock.
    assert!(report.staleness(CredentialKind::JsapiTicket) <= 4);
    assert!(report.staleness(CredentialKind::WxCardTicket) <= 4);
    // Two tickets, due for ten minutes before each end.
    assert!(report.wechat.ticket_calls <= 2 * 12 * report.most_rotations());
    assert!(report.most_reads <= reads_allowed(&report, 4));
}

#[test]
fn a_cold_fleet_without_a_token_waits_for_one_signal() {
    let report = day("cold", 1_000);

    assert_eq!(report.failed(), 0);
    assert_eq!(report.signals(), 1);
}

#[test]
fn invariant_3_an_invalidated_token_costs_no_request() {
    let report = day("invalidated", 100);

    assert_eq!(report.failed(), 0);
    assert_eq!(report.requests.most_calls, 2);
    assert_eq!((report.signals(), report.most_signals_per_version()), (10, 1));
    assert_eq!(report.wechat.forced, 0, "a normal call meets the new token");
    assert!(report.staleness(CredentialKind::AccessToken) <= 241);
}

#[test]
fn invariant_5_a_token_that_wechat_still_returns_is_forced_once() {
    let report = day("poisoned", 100);

    assert_eq!(report.failed(), 0);
    assert_eq!(report.wechat.forced, 10);
    assert_eq!(report.most_signals_per_version(), 1);
}

#[test]
fn invariant_6_100_minutes_without_wechat_cost_no_request_while_the_token_lives() {
    let report = day("down", 100);

    assert_eq!(report.failed(), 0);
    assert_eq!(report.signals(), 0);
}

#[test]
fn past_expiry_there_are_clean_503s_and_recovery_within_one_tick() {
    let report = day("down-long", 100);

    assert!(report.failed() > 0);
    assert_eq!(
        report.requests.failed.keys().copied().collect::<Vec<_>>(),
        ["credential-unavailable"]
    );
    assert!(report.last_failure() <= 17_830 + 60, "{}", report.last_failure());
    assert!(report.wechat.most_in_a_minute <= 2, "the tick, and the signal at the token's end");
}

#[test]
fn a_used_up_quota_makes_no_storm() {
    for errcode in [45009, 45011, 44990, 44991, 44993] {
        let mut scenario = Scenario::named("calm", 100, 1).unwrap();
        scenario.faults =
            vec![Fault { from: 7_000, until: 17_830, trouble: Trouble::Refuses(errcode) }];
        let report = fleet::run(&scenario);

        assert!(report.wechat.most_in_a_minute <= 2, "{errcode}");
        assert!(report.wechat.token_calls <= 20 + 10_830 / 60 + 2, "{errcode}");
        assert!(report.last_failure() <= 17_830 + 660, "{errcode}: {}", report.last_failure());
        assert_eq!(report.requests.unclean, 0, "{errcode}");
        assert!(report.requests.slowest_ms < 3_000, "{errcode}");
    }
}

#[test]
fn ten_busy_minutes_in_every_hour_cost_no_request() {
    let report = day("busy", 100);

    assert_eq!(report.failed(), 0);
    assert!(report.wechat.most_in_a_minute <= 2);
}

#[test]
fn slow_answers_cost_little_and_only_where_a_ticket_has_no_successor() {
    let report = day("slow", 100);

    assert!(report.failed() * 1_000 < report.requests.count, "{}", report.failed());
    assert!(report.staleness(CredentialKind::JsapiTicket) <= 8);
    assert_eq!(report.staleness(CredentialKind::AccessToken), 0);
}

#[test]
fn a_table_in_trouble_takes_no_live_copy_away() {
    let report = day("table", 100);
    // Only a request without a live copy needs the table, and one call in twenty fails.
    assert!(report.failed() * 50 < report.requests.count, "{}", report.failed());

    let report = day("table-down", 100);
    assert_eq!(report.requests.failed.keys().copied().collect::<Vec<_>>(), ["table-unavailable"]);
    // Of the twentieth of the day without the table, nineteen requests in twenty have one.
    assert!(report.failed() * 400 < report.requests.count, "{}", report.failed());
}

#[test]
fn invariant_7_half_the_runs_may_die() {
    let report = day("killed", 100);

    assert!(report.killed > 300);
    assert!(report.failed() * 100 < report.requests.count, "{}", report.failed());
    // Ten incidents, and credentials that ended while the runs that should renew them died.
    assert!(report.most_signals_per_version() <= 1);
}

#[test]
fn invariant_2_two_refreshers_at_once_do_the_work_of_one() {
    let calm = day("tickets", 100);
    let report = day("twins", 100);

    assert_eq!(report.failed(), 0);
    assert!(report.wechat.token_calls <= calm.wechat.token_calls + 2 * 10 + 10);
}

#[test]
fn clocks_may_be_wrong_by_two_seconds() {
    let report = day("skew", 100);

    assert_eq!(report.failed(), 0);
    assert_eq!(report.staleness(CredentialKind::AccessToken), 0);
    assert!(report.staleness(CredentialKind::JsapiTicket) <= 8);
}

#[test]
fn without_the_stream_the_tick_honours_the_signal() {
    let report = day("stream-lost", 100);

    // At most a minute of each of the ten incidents.
    assert!(report.failed() <= 10 * 60, "{}", report.failed());
    assert!(report.last_failure() <= 80_000 + 60);
    assert!(report.staleness(CredentialKind::AccessToken) <= 60 + 241);
}

#[test]
fn invariant_4_one_operation_with_a_permanent_40001_harms_nobody() {
    let report = day("stubborn", 100);

    assert!(report.requests.stubborn > 100);
    assert_eq!(report.requests.most_calls, 2);
    assert_eq!(report.failed(), 0, "the other operations");
    // The day of the simulation touches two days in China.
    assert!(report.wechat.forced <= 2 * 20);
    assert!(report.most_signals_per_version() <= 1);
    // Without force WeChat is asked at every fourth tick at most, and once per forced call.
    assert!(report.wechat.token_calls <= DAY / 240 + 4 * report.wechat.forced);
}

#[test]
fn a_permanent_40001_does_not_keep_a_legacy_token_from_its_renewal() {
    let mut scenario = Scenario::named("stubborn", 100, 1).unwrap();
    scenario.mode = TokenMode::Legacy;
    let report = fleet::run(&scenario);

    assert_eq!(report.failed(), 0);
    assert!(report.wechat.token_calls <= 2 * 20 + 14, "{}", report.wechat.token_calls);
}

#[test]
fn a_stubborn_operation_does_not_hide_an_invalidated_token() {
    let mut scenario = Scenario::named("stubborn", 100, 1).unwrap();
    scenario.blows = vec![(30_000, Blow::Invalidate), (60_000, Blow::Invalidate)];
    let report = fleet::run(&scenario);

    // WeChat is asked at every fourth tick.
    assert!(report.staleness(CredentialKind::AccessToken) <= 240 + 241);
    assert!(report.last_failure() <= 60_000 + 240, "{}", report.last_failure());
}

#[test]
fn everything_at_once_ends_well() {
    let report = day("storm", 100);

    assert!(report.failed() * 20 < report.requests.count, "{}", report.failed());
}

/// One request of an operation that needs the access token.
async fn call(world: &World, credentials: &Credentials<Table>) -> Result<()> {
    let key = world.key(0, CredentialKind::AccessToken);
    credentials.with(&key, async |token: Credential| world.wechat.operation(&token.value)).await
}

/// A world after its first tick.
async fn warm(mode: TokenMode, kinds: &[AccountKind]) -> World {
    let (world, signals) = World::new(mode, kinds, 7);
    tokio::spawn(world.clone().stream(signals));
    world.refresh(Demand::Due).await;
    world
}

async fn seconds(count: u64) {
    sleep(Duration::from_secs(count)).await;
}

#[test]
fn an_invalidated_token_under_64_requests_costs_one_signal_and_two_fetches() {
    for (blow, one_environment) in [
        (Blow::Invalidate, false),
        (Blow::Invalidate, true),
        (Blow::Poison, false),
        (Blow::Poison, true),
    ] {
        fleet::block_on(async {
            let world = warm(TokenMode::Stable, MINI_PROGRAM).await;
            let mut environments: Vec<_> = (0..64).map(|_| world.environment().0).collect();
            if one_environment {
                let one = environments[0].clone();
                environments.fill(one);
            }
            for credentials in &environments {
                call(&world, credentials).await.unwrap();
            }
            let before = world.wechat.log().token_calls;
            world.strike(blow);

            let requests = environments.into_iter().map(|credentials| {
                let world = world.clone();
                tokio::spawn(async move { call(&world, &credentials).await })
            });
            for request in requests.collect::<Vec<_>>() {
                request.await.unwrap().unwrap();
            }

            assert!(world.wechat.log().token_calls <= before + 2);
            assert_eq!(world.table.log().signals.into_values().collect::<Vec<_>>(), [1]);
        });
    }
}

#[test]
fn invariant_4_a_request_calls_twice_at_most_however_often_tokens_change() {
    fleet::block_on(async {
        let world = warm(TokenMode::Stable, MINI_PROGRAM).await;
        let (credentials, _) = world.environment();
        let calls = AtomicU64::new(0);
        let key = world.key(0, CredentialKind::AccessToken);

        let outcome = credentials.with(&key, async |token: Credential| {
            assert!(calls.fetch_add(1, Ordering::Relaxed) < 10, "a loop");
            world.strike(Blow::Invalidate);
            world.wechat.operation(&token.value)
        });

        assert_eq!(outcome.await.unwrap_err().problem(), Problem::CredentialUnavailable);
        assert_eq!(calls.into_inner(), 2);
    });
}

#[test]
fn requests_that_queue_behind_a_vain_recovery_share_its_outcome() {
    fleet::block_on(async {
        let (world, _signals) = World::new(TokenMode::Stable, MINI_PROGRAM, 7);
        let (credentials, table) = world.environment();
        let began_ms = world.clock.now_ms();

        let requests = (0..64).map(|_| {
            let (world, credentials) = (world.clone(), credentials.clone());
            tokio::spawn(async move { call(&world, &credentials).await })
        });
        for request in requests.collect::<Vec<_>>() {
            let error = request.await.unwrap().unwrap_err();
            assert_eq!(error.problem(), Problem::CredentialUnavailable);
            assert_eq!(error.retry_after_seconds(), Some(5));
        }

        assert!(world.clock.now_ms() - began_ms < 3_000);
        assert!(table.reads() < 64 + 10, "{}", table.reads());
    });
}

#[test]
fn a_request_waits_in_vain_only_once() {
    fleet::block_on(async {
        let (world, signals) = World::new(TokenMode::Stable, MINI_PROGRAM, 7);
        tokio::spawn(world.clone().stream(signals));
        world.add_fault(Fault { from: 0, until: 100, trouble: Trouble::Refuses(40164) });
        let (credentials, _) = world.environment();

        // The signal wakes the refresher, whose failure is met at the next look.
        let first = call(&world, &credentials).await.unwrap_err();
        let began_ms = world.clock.now_ms();
        let second = call(&world, &credentials).await.unwrap_err();

        assert!(first.retry_after_seconds().is_some_and(|seconds| (50..=60).contains(&seconds)));
        assert!(second.retry_after_seconds().is_some_and(|seconds| (50..=60).contains(&seconds)));
        assert!(world.clock.now_ms() - began_ms < 20, "gives up at once");
    });
}

#[test]
fn kinds_in_trouble_together_keep_a_signal_each() {
    fleet::block_on(async {
        let (world, _signals) = World::new(TokenMode::Stable, OFFICIAL_ACCOUNT, 7);
        for _ in 0..5 {
            for kind in CredentialKind::ALL {
                let (credentials, _) = world.environment();
                credentials.get(&world.key(0, *kind)).await.unwrap_err();
            }
        }
        assert_eq!(world.table.log().signals.into_values().collect::<Vec<_>>(), [1, 1, 1]);
    });
}

#[test]
fn a_ticket_without_a_token_waits_as_long_as_the_token() {
    fleet::block_on(async {
        let (world, _signals) = World::new(TokenMode::Stable, OFFICIAL_ACCOUNT, 7);
        world.add_fault(Fault { from: 0, until: 30, trouble: Trouble::Down });

        let entries = world.refresh(Demand::Due).await;

        let states: Vec<_> = entries.iter().map(|entry| entry.state).collect();
        assert_eq!(states, [State::Failed, State::Waiting, State::Waiting]);
        let failure = |kind| world.table.record(&world.key(0, kind)).failure.unwrap();
        let (token, ticket) =
            (failure(CredentialKind::AccessToken), failure(CredentialKind::JsapiTicket));
        assert_eq!(ticket.retry_at, token.retry_at);
        assert_eq!((token.count, ticket.count), (1, 0), "it is not the ticket's failure");

        // The next tick brings all three.
        seconds(55).await;
        let entries = world.refresh(Demand::Due).await;
        assert!(entries.iter().all(|entry| entry.state == State::Renewed), "{entries:?}");
    });
}

#[test]
fn a_restored_backup_is_believed() {
    fleet::block_on(async {
        let world = warm(TokenMode::Stable, MINI_PROGRAM).await;
        let key = world.key(0, CredentialKind::AccessToken);
        let old = world.table.record(&key);
        let (credentials, _) = world.environment();
        for _ in 0..3 {
            world.strike(Blow::Invalidate);
            call(&world, &credentials).await.unwrap();
        }
        assert_eq!(world.table.record(&key).version(), 4);

        // The backup's token died long ago, and warm environments know newer versions.
        world.table.restore(&key, old);
        world.strike(Blow::Invalidate);
        let mut outcomes = Vec::new();
        for _ in 0..3 {
            outcomes.push(call(&world, &credentials).await.is_ok());
            seconds(7_200).await;
            world.refresh(Demand::Due).await;
        }
        assert!(outcomes[1] && outcomes[2], "{outcomes:?}");
    });
}

/// What a run of the refresher is about.
#[derive(Clone, Copy, Debug)]
enum Flow {
    First,
    Due,
    Invalidated,
    Poisoned,
    /// There are no tickets, and the token to fetch them with is dead.
    TicketsOfDeadToken,
}

/// A world in which a run of the refresher has this to do.
async fn world_with(flow: Flow, mode: TokenMode) -> World {
    let (world, _signals) = World::new(mode, OFFICIAL_ACCOUNT, 7);
    if matches!(flow, Flow::First) {
        return world;
    }
    world.refresh(Demand::Due).await;
    match flow {
        Flow::First => {}
        Flow::Due => seconds(6_901).await,
        Flow::Invalidated | Flow::Poisoned => {
            let blow = if matches!(flow, Flow::Poisoned) { Blow::Poison } else { Blow::Invalidate };
            world.strike(blow);
            call(&world, &world.environment().0).await.unwrap_err();
        }
        Flow::TicketsOfDeadToken => {
            for kind in [CredentialKind::JsapiTicket, CredentialKind::WxCardTicket] {
                world.table.restore(&world.key(0, kind), Record::default());
            }
            world.strike(Blow::Invalidate);
        }
    }
    world
}

const FLOWS: [Flow; 5] =
    [Flow::First, Flow::Due, Flow::Invalidated, Flow::Poisoned, Flow::TicketsOfDeadToken];

/// Every credential in the table is good at WeChat, and nobody lost to an older one.
async fn assert_healed(world: &World, what: &str) {
    for kind in CredentialKind::ALL {
        let credential = world.table.record(&world.key(0, *kind)).credential;
        let credential = credential.unwrap_or_else(|| panic!("{what}: no {kind}"));
        assert_eq!(world.wechat.dead_for(&credential.value), None, "{what}: {kind} is dead");
    }
    call(world, &world.environment().0).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
    assert_one_winner(world, what);
}

/// Never two values of one version, never an older credential over a newer one.
fn assert_one_winner(world: &World, what: &str) {
    let log = world.table.log();
    assert_eq!((log.older_over_newer, log.second_winners), (0, 0), "{what}");
}

#[test]
fn invariant_7_a_run_killed_at_any_await_point_heals_by_the_next_tick() {
    for mode in [TokenMode::Stable, TokenMode::Legacy] {
        for flow in FLOWS {
            for another_at_once in [false, true] {
                let mut kills_at = 0;
                loop {
                    let what = format!("{mode:?} {flow:?} killed at {kills_at}");
                    let was_killed = fleet::block_on(async {
                        let world = world_with(flow, mode).await;
                        let run = killed_at(kills_at, world.refresh(Demand::Due)).await;
                        assert_one_winner(&world, &what);
                        assert!(world.wechat.log().most_in_flight <= 1, "{what}");
                        if another_at_once {
                            world.refresh(Demand::Due).await;
                        }
                        seconds(60).await;
                        world.refresh(Demand::Due).await;
                        assert_healed(&world, &what).await;
                        run.is_none()
                    });
                    if !was_killed {
                        break;
                    }
                    kills_at += 1;
                }
                println!("{mode:?} {flow:?}: {kills_at} await points");
                assert!(kills_at >= 10, "{mode:?} {flow:?}: {kills_at} await points");
            }
        }
    }
}

#[test]
fn invariant_7_the_lease_of_a_killed_run_ends_before_the_tick_after_next() {
    let mut kills_at = 0;
    loop {
        let was_killed = fleet::block_on(async {
            let world = world_with(Flow::Poisoned, TokenMode::Stable).await;
            // A signal's run, 45 s after a tick.
            let run = killed_at(kills_at, world.refresh(Demand::Due)).await;
            for until_tick in [15, 60] {
                seconds(until_tick).await;
                world.refresh(Demand::Due).await;
            }
            assert_healed(&world, &format!("killed at {kills_at}")).await;
            run.is_none()
        });
        if !was_killed {
            break;
        }
        kills_at += 1;
    }
}

#[test]
fn invariant_2_a_run_that_outlives_its_lease_loses() {
    for mode in [TokenMode::Stable, TokenMode::Legacy] {
        for flow in FLOWS {
            let mut freezes_at = 0;
            loop {
                let what = format!("{mode:?} {flow:?} frozen at {freezes_at}");
                let finished = fleet::block_on(async {
                    let world = world_with(flow, mode).await;
                    let mut frozen = Box::pin(world.refresh(Demand::Due));
                    if killed_at(freezes_at, frozen.as_mut()).await.is_some() {
                        return true;
                    }
                    seconds(45).await;
                    world.refresh(Demand::Due).await;
                    frozen.await;
                    assert_one_winner(&world, &what);
                    // What the frozen run did at WeChat may have retired the winner's token; that
                    // is as if somebody else had done it.
                    seconds(15).await;
                    world.refresh(Demand::Due).await;
                    let _ = call(&world, &world.environment().0).await;
                    seconds(60).await;
                    world.refresh(Demand::Due).await;
                    assert_healed(&world, &what).await;
                    false
                });
                if finished {
                    break;
                }
                freezes_at += 1;
            }
        }
    }
}

#[test]
fn invariant_2_two_runs_that_start_together_fetch_once() {
    for mode in [TokenMode::Stable, TokenMode::Legacy] {
        for flow in FLOWS {
            for lead_ms in [0, 1, 5, 10, 20, 40, 80, 160, 320] {
                fleet::block_on(async {
                    let world = world_with(flow, mode).await;
                    let other = {
                        let world = world.clone();
                        tokio::spawn(async move { world.refresh(Demand::Due).await })
                    };
                    sleep(Duration::from_millis(lead_ms)).await;
                    world.refresh(Demand::Due).await;
                    other.await.unwrap();
                    let what = format!("{mode:?} {flow:?}, {lead_ms} ms apart");
                    assert!(world.wechat.log().most_in_flight <= 1, "{what}");
                    seconds(60).await;
                    world.refresh(Demand::Due).await;
                    assert_healed(&world, &what).await;
                });
            }
        }
    }
}

/// Everything the engine asks of its store, and what it was told.
async fn transcript(store: &impl Store) -> Vec<String> {
    let key = CredentialKey::new("wx0123456789abcdef", CredentialKind::AccessToken);
    let lease = |owner: &str, until| Lease { owner: owner.to_owned(), until };
    let credential = |value: &str, version| Credential {
        value: Secret::new(value),
        version,
        issued_at: 100,
        expires_at: 7_300,
    };
    let failure = RefreshFailure {
        at: 200,
        count: 2,
        retry_at: 255,
        errcode: Some(-1),
        message: "busy".to_owned(),
    };
    let signal = |kind, version| Signal { kind, version, reason: "errcode 40001".to_owned() };
    let forced = Forced { at: 150, count: 3 };
    let (token, ticket) = (CredentialKind::AccessToken, CredentialKind::JsapiTicket);
    let mut lines: Vec<String> = Vec::new();
    let mut note = |what: &str, outcome: String| lines.push(format!("{what}: {outcome}"));
    macro_rules! note {
        ($what:literal, $call:expr) => {
            note($what, format!("{:?}", $call.await.map_err(|error: Error| error.problem())))
        };
    }
    note!("read nothing", store.read(&key, Consistency::Strong));
    note!("lease of another version", store.lease(&key, &lease("a", 140), 1, 100));
    note!("lease", store.lease(&key, &lease("a", 140), 0, 100));
    note!("lease again", store.lease(&key, &lease("a", 141), 0, 101));
    note!("lease of somebody else", store.lease(&key, &lease("b", 160), 0, 120));
    note!("lease at its end", store.lease(&key, &lease("b", 181), 0, 141));
    note!("lease after its end", store.lease(&key, &lease("b", 182), 0, 142));
    note!("force without lease", store.remember_forced(&key, "a", forced));
    note!("publish without lease", store.publish(&key, "a", 0, &credential("late", 1)));
    note!("fail without lease", store.fail(&key, "a", &failure));
    note!("read", store.read(&key, Consistency::Strong));
    note!("force", store.remember_forced(&key, "b", forced));
    note!("fail", store.fail(&key, "b", &failure));
    note!("read failure", store.read(&key, Consistency::Strong));
    note!("lease after failure", store.lease(&key, &lease("c", 300), 0, 260));
    note!("publish", store.publish(&key, "c", 0, &credential("one", 1)));
    note!("publish twice", store.publish(&key, "c", 0, &credential("one", 1)));
    note!("read published", store.read(&key, Consistency::Strong));
    note!("lease of an old version", store.lease(&key, &lease("d", 400), 0, 360));
    note!("lease of this version", store.lease(&key, &lease("d", 400), 1, 360));
    note!("publish over another version", store.publish(&key, "d", 0, &credential("two", 1)));
    note!("publish over a newer version", store.publish(&key, "d", 2, &credential("two", 3)));
    note!("publish the next version", store.publish(&key, "d", 1, &credential("two", 2)));
    note!("read the next version", store.read(&key, Consistency::Strong));
    note!("no signal", store.signal(&key));
    note!("signal", store.raise(&key.appid, &signal(token, 2), 1_000));
    note!("signal again", store.raise(&key.appid, &signal(token, 2), 1_001));
    note!("signal an old version", store.raise(&key.appid, &signal(token, 1), 1_002));
    note!("signal another kind", store.raise(&key.appid, &signal(ticket, 1), 1_003));
    note!("signal after that", store.raise(&key.appid, &signal(token, 2), 1_004));
    note!("read signal", store.signal(&key));
    note!("signal a newer version", store.raise(&key.appid, &signal(token, 3), 1_005));
    note!("signal after an hour", store.raise(&key.appid, &signal(token, 3), 1_005 + 3_601));
    lines
}

#[tokio::test]
async fn the_model_of_the_table_keeps_the_conditions_of_the_table() {
    let (world, _signals) = World::new(TokenMode::Stable, MINI_PROGRAM, 7);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let database = dynoxide::Database::memory().unwrap();
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    let aws = Aws {
        region: "local".to_owned(),
        access_key_id: "local".to_owned(),
        secret_access_key: Secret::new("local"),
        session_token: None,
        dynamodb_endpoint: Some(endpoint),
        ssm_endpoint: None,
        eventbridge_endpoint: None,
        ca_bundle: None,
    };
    let table = shared::table::Table::new(Transport::new(None).unwrap(), "wechat", &aws);
    create(&table).await;

    let (model, real) = (transcript(&world.table).await, transcript(&table).await);

    assert_eq!(model, real);
    let outcome = |what: &str| {
        let line = real.iter().find_map(|line| line.strip_prefix(&format!("{what}: ")));
        line.unwrap_or_else(|| panic!("{what} is not in the transcript")).to_owned()
    };
    for refused in ["lease of another version", "lease of somebody else", "lease at its end"] {
        assert_eq!(outcome(refused), "Ok(None)", "{refused}");
    }
    assert_eq!(outcome("lease of an old version"), "Ok(None)");
    for refused in [
        "force without lease",
        "publish without lease",
        "publish twice",
        "publish over another version",
        "publish over a newer version",
        "signal again",
        "signal an old version",
        "signal after that",
    ] {
        assert_eq!(outcome(refused), "Ok(false)", "{refused}");
    }
    for done in [
        "force",
        "publish",
        "publish the next version",
        "signal",
        "signal another kind",
        "signal a newer version",
        "signal after an hour",
    ] {
        assert_eq!(outcome(done), "Ok(true)", "{done}");
    }
}

async fn create(table: &shared::table::Table) {
    use aws_sdk_dynamodb::types::{
        AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    };
    let name = shared::table::PARTITION_KEY;
    let attribute =
        AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
    let key = KeySchemaElement::builder().attribute_name(name).key_type(KeyType::Hash);
    let create = table.client().create_table().table_name(table.name());
    let create = create.billing_mode(BillingMode::PayPerRequest);
    let create = create.attribute_definitions(attribute.build().unwrap());
    create.key_schema(key.build().unwrap()).send().await.unwrap();
}

//! The faults F1 to F25 of WeChat Pay, each to the end of order, refund, money and events.

use super::*;
use PayFault::*;

impl World {
    /// Every one of these was met.
    fn met(&self, what: impl std::fmt::Debug, faults: &[PayFault]) {
        for fault in faults {
            assert!(self.pay.met(*fault) > 0, "{what:?}: {fault:?} was not met");
        }
    }
}

/// What an order and its payment can meet.
#[tokio::test]
async fn whatever_goes_wrong_a_payment_is_told_once() {
    let cases: &[(&str, &[PayFault])] = &[
        ("F1", &[LostResponse]),
        ("F2", &[SysErrorDone]),
        ("F3", &[SysErrorNotDone]),
        ("F4", &[SigntestResponse]),
        ("F5", &[SigntestNotify]),
        ("F6", &[NotifyTwice]),
        ("F7", &[NotifyNewId]),
        ("F8", &[NotifyNever]),
        ("F9", &[NotifyLate]),
        ("F13", &[SerialSwitch(0)]),
        ("F13", &[SerialSwitch(100)]),
        ("F22", &[SysErrorNotDone, ErrorWithoutBody]),
        ("F23", &[Html502]),
        ("F24", &[ApiDownApi2Up]),
    ];
    for (number, faults) in cases {
        let world = world();
        faults.iter().for_each(|fault| world.once(*fault));
        let order = world.create().await.unwrap();
        world.user_pays(&order);
        world.live(2 * 86_400).await;
        world.met(number, faults);
        world.ends_paid_and_can_be_refunded(number).await;
    }
}

/// What a refund can meet.
#[tokio::test]
async fn a_refund_ends_once_whatever_goes_wrong() {
    let cases: &[(&str, &[PayFault])] = &[
        ("none", &[]),
        ("F1", &[LostResponse]),
        ("F2", &[SysErrorDone]),
        ("F3", &[SysErrorNotDone]),
        ("F4", &[SigntestResponse]),
        ("F5", &[SigntestNotify]),
        ("F6", &[NotifyTwice]),
        ("F7", &[NotifyNewId]),
        ("F8", &[NotifyNever]),
        ("F9", &[NotifyLate]),
        ("F13", &[SerialSwitch(0)]),
        ("F16", &[RateLimitAccepted]),
        ("F22", &[SysErrorNotDone, ErrorWithoutBody]),
        ("F23", &[Html502]),
        ("F24", &[ApiDownApi2Up]),
    ];
    for (number, faults) in cases {
        let world = World::paid().await;
        faults.iter().for_each(|fault| world.once(*fault));
        let refund = world.refund(None).await.unwrap();
        assert!(refund.is_open(), "{number}");
        world.live(86_400).await;
        world.met(number, faults);
        world.ends(number, REFUNDED).await;
    }
}

#[tokio::test]
async fn f10_a_notification_before_the_answer_is_taken() {
    let world = world();
    world.once(NotifyBeforePrepayAnswer);
    let order = world.create().await.unwrap();
    assert_eq!(order.state, OrderState::Unpaid);
    world.live(86_400).await;
    world.met("F10", &[NotifyBeforePrepayAnswer]);
    world.ends_paid_and_can_be_refunded("F10").await;
}

#[tokio::test]
async fn f11_an_order_paid_while_it_is_closed_is_paid() {
    for spelling in [None, Some(OldCodeSpelling), Some(ErrorWithoutBody)] {
        let world = world();
        world.create().await.unwrap();
        world.once(PayDuringClose);
        if let Some(spelling) = spelling {
            world.once(spelling);
        }
        let _ = world.payments().close("ORDER0001").await;
        world.live(86_400).await;
        world.met(spelling, &[PayDuringClose]);
        world.met(spelling, spelling.as_slice());
        world.ends_paid_and_can_be_refunded(spelling).await;
    }
}

#[tokio::test]
async fn f12_a_clock_that_is_wrong_stops_everything_and_breaks_nothing() {
    for skew in [400, -400] {
        let world = world();
        let order = world.create().await.unwrap();
        world.pay.fault(ClockSkew(skew), None);
        world.user_pays(&order);
        world.live(600).await;
        assert_eq!(world.kept().await.state, OrderState::Unpaid, "nothing can be verified");
        world.pay.clear_faults();
        world.live(86_400).await;
        world.met(skew, &[ClockSkew(skew)]);
        world.ends_paid_and_can_be_refunded(skew).await;
    }
}

/// A merchant in certificate mode, with the certificate WeChat Pay signs with before the rotation.
fn in_certificate_mode() -> World {
    world_with(&["https://api.mch.weixin.qq.com"], |setting| {
        let keys = setting["verify"].as_object_mut().unwrap();
        keys.retain(|name, _| !name.starts_with("PUB_KEY_ID_"));
        setting["certificates"] = json!(true);
    })
}

#[tokio::test]
async fn f14_a_rotation_locks_nobody_out() {
    let world = in_certificate_mode();
    assert_eq!(world.merchants[0].verify.names().count(), 1);
    world.pay.fault(SerialSwitch(0), None);
    world.pay.fault(RotationSelflock, None);
    // WeChat Pay signs with a certificate nobody has yet: nothing is proven, nothing is lost.
    let error = world.create().await.unwrap_err();
    assert_eq!(error.problem(), Problem::WechatBusy);
    assert_eq!(world.kept().await.state, OrderState::Unknown);
    world.pay.pay_order("ORDER0001").unwrap();
    world.deliver().await;
    assert_eq!(world.pay.overview()["notifications"][0]["attempts"], json!([401]));
    assert_eq!(world.kept().await.state, OrderState::Unknown);
    // The answer that brings the new certificate is signed with it.
    world.live(86_400).await;
    assert_eq!(world.open().await.unwrap().merchants[0].verify.names().count(), 2, "old and new");
    world.met("F14", &[RotationSelflock]);
    world.ends_paid_and_can_be_refunded("F14").await;
    // What the old one signed while the rotation went on is taken as well.
    world.pay.clear_faults();
    world.pay.fault(SerialSwitch(0), None);
    world.open().await.unwrap().payments().create(world.new_order("ORDER0002")).await.unwrap();
    world.pay.pay_order("ORDER0002").unwrap();
    world.deliver().await;
    let told = ["pay.paid", "pay.paid", "pay.refunded"];
    assert_eq!(world.ledger.events(), told);
}

#[tokio::test]
async fn f14_an_answer_that_the_apiv3_key_does_not_open_brings_no_certificate() {
    let world = in_certificate_mode();
    let (mut other, now) = (world.pay.setting(), world.clock.now());
    other[0]["apiv3_keys"][0]["value"] = json!("another-api-v3-key-of-32-bytes-x");
    world.once(RotationSelflock);
    let found = apiv3::Certificates::fetch(&world.api, &merchant(&other), now).await;
    assert!(matches!(found, Err(apiv3::Failure::Unknown(_))));
}

#[tokio::test]
async fn f15_a_merchant_without_certificates_works_with_the_public_key() {
    let world =
        world_with(&["https://api.mch.weixin.qq.com"], |it| it["certificates"] = json!(true));
    world.pay.fault(NoPlatformCert, None);
    let order = world.create().await.unwrap();
    world.user_pays(&order);
    world.live(86_400).await;
    // Asked for twice a day, and no more.
    assert!((1..=3).contains(&world.pay.calls("GET /v3/certificates")));
    world.met("F15", &[NoPlatformCert]);
    world.ends_paid_and_can_be_refunded("F15").await;
}

#[tokio::test]
async fn f15_a_merchant_without_any_key_loses_nothing_until_it_has_the_public_one() {
    let mut world = in_certificate_mode();
    world.pay.fault(NoPlatformCert, None);
    let error = world.create().await.unwrap_err();
    assert_eq!(error.problem(), Problem::WechatBusy);
    world.pay.pay_order("ORDER0001").unwrap();
    world.live(600).await;
    assert_eq!(world.kept().await.state, OrderState::Unknown);
    assert!(world.kept().await.is_unknown_for_long(world.clock.now()), "an alarm tells of it");
    assert!(world.ledger.events().is_empty());
    world.merchants = vec![merchant(&world.pay.setting())];
    world.live(86_400).await;
    world.met("F15", &[NoPlatformCert]);
    world.ends_paid_and_can_be_refunded("F15").await;
}

#[tokio::test]
async fn f17_a_refund_without_money_succeeds_with_the_same_number_later() {
    let world = World::paid().await;
    world.once(NotEnough);
    let error = world.refund(Some(1000)).await.unwrap_err();
    assert_eq!(error.problem(), Problem::WrongState);
    assert_eq!(world.kept().await.reserved, 1000);
    world.refund(Some(1000)).await.unwrap();
    world.live(86_400).await;
    world.met("F17", &[NotEnough]);
    let told = &["pay.paid", "pay.refunded"];
    let refunds = &[RefundState::Success];
    world.ends("F17", End { order: OrderState::Paid, refunds, money: 3999, told }).await;
}

#[tokio::test]
async fn f18_an_abnormal_refund_holds_its_money() {
    let world = World::paid().await;
    world.once(RefundAbnormal);
    world.refund(Some(1000)).await.unwrap();
    world.live(86_400).await;
    world.met("F18", &[RefundAbnormal]);
    world.ends("F18", End { refunds: &[RefundState::Abnormal], ..PAID }).await;
    let order = world.kept().await;
    assert_eq!((order.reserved, order.refunded), (1000, 0));
}

#[tokio::test]
async fn f19_a_closed_refund_gives_its_money_back_to_the_order() {
    let world = World::paid().await;
    world.once(RefundClosedAfter7d);
    world.refund(Some(4999)).await.unwrap();
    assert_eq!(world.kept().await.reserved, 4999);
    world.live(8 * 86_400).await;
    world.met("F19", &[RefundClosedAfter7d]);
    world.ends("F19", End { refunds: &[RefundState::Closed], ..PAID }).await;
    assert_eq!(world.kept().await.reserved, 0);
    world.payments().refund("ORDER0001", "R2", None, None).await.unwrap();
    world.live(86_400).await;
    let refunds = &[RefundState::Closed, RefundState::Success];
    world.ends("F19", End { refunds, ..REFUNDED }).await;
}

#[tokio::test]
async fn f21_codes_in_their_old_spelling_are_understood() {
    let world = world();
    // The order reached WeChat Pay, and both answers were lost.
    world.pay.fault(LostResponse, Some(2));
    world.create().await.unwrap_err();
    world.pay.pay_order("ORDER0001").unwrap();
    world.once(OldCodeSpelling);
    let order = world.create().await.unwrap();
    assert_eq!(order.state, OrderState::Paid, "ORDERPAID is ORDER_PAID");
    world.live(86_400).await;
    world.ends("F21", PAID).await;
    // The refund did not reach WeChat Pay: RESOURCENOTEXISTS has it sent again.
    world.once(SysErrorNotDone);
    world.pay.fault(OldCodeSpelling, Some(2));
    assert!(world.refund(None).await.unwrap().is_open());
    world.live(86_400).await;
    assert_eq!(world.pay.met(OldCodeSpelling), 3);
    world.ends("F21", REFUNDED).await;
}

#[tokio::test]
async fn f24_the_second_host_is_asked_when_the_first_cannot_be_reached() {
    let hosts = ["https://down.example.com", "https://api2.mch.weixin.qq.com"];
    let world = world_with(&hosts, |_| ());
    let order = world.create().await.unwrap();
    world.user_pays(&order);
    world.live(60).await;
    world.ends_paid_and_can_be_refunded("F24").await;
}

#[tokio::test]
async fn f25_a_second_payment_is_told_and_refunded() {
    let world = world();
    let order = world.create().await.unwrap();
    world.once(TwoAttemptsBothPaid);
    world.user_pays(&order);
    assert_eq!(world.pay.balance(), 2 * 4999);
    world.live(86_400).await;
    world.ends("F25", PAID_TWICE).await;
    let order = world.kept().await;
    assert_eq!((order.reserved, order.refunded), (0, 0), "the first payment is untouched");
}

/// A day with one paid order, at half past ten of the next.
async fn next_morning(fault: Option<PayFault>) -> (World, Result<Option<BillReport>>) {
    let world = world();
    let order = world.create().await.unwrap();
    let lost = fault.is_none();
    if lost {
        world.once(NotifyNever);
    }
    world.user_pays(&order);
    if !lost {
        world.live(0).await;
    }
    world.clock.advance(Duration::from_secs(26 * 3600 + 1_800));
    if let Some(fault) = fault {
        world.once(fault);
    }
    let report = world.payments().compare_bill(&world.merchants[0], "2026-11-04").await;
    (world, report)
}

#[tokio::test]
async fn f20_a_bill_that_differs_is_told_and_a_lost_payment_is_found() {
    let number = || vec!["ORDER0001".to_owned()];
    let (world, report) = next_morning(None).await;
    assert_eq!(report.unwrap().unwrap().recovered, number());
    let again = world.payments().compare_bill(&world.merchants[0], "2026-11-04").await;
    assert_eq!(again.unwrap(), None, "a day is compared once");
    world.ends_paid_and_can_be_refunded("recovered").await;

    for (fault, expected) in [
        (SysErrorDone, None),
        (BillMissingRow, Some((0, vec![], number(), vec![]))),
        (BillExtraRow, Some((1, vec!["NOBODYKNOWSTHIS".to_owned()], vec![], vec![]))),
        (BillAmountDiff, Some((0, vec![], vec![], number()))),
        (BillCreating, None),
    ] {
        let (world, mut report) = next_morning(Some(fault)).await;
        world.met("F20", &[fault]);
        match expected {
            Some(expected) => {
                let report = report.unwrap().unwrap();
                assert!(report.is_mismatch(), "{fault:?}");
                let found = (report.equal, report.unknown, report.missing, report.different);
                assert_eq!(found, expected, "{fault:?}");
            }
            // There is no bill yet; the next run compares it.
            None => {
                let error = report.unwrap_err();
                if fault == BillCreating {
                    assert_eq!(error.problem(), Problem::InProgress);
                    assert_eq!(error.retry_after_seconds(), Some(1_800));
                }
                report = world.payments().compare_bill(&world.merchants[0], "2026-11-04").await;
                let report = report.unwrap().unwrap();
                assert_eq!((report.equal, report.is_mismatch()), (1, false), "{fault:?}");
            }
        }
        // Whatever the bill says, nothing is changed by it.
        world.ends_paid_and_can_be_refunded(fault).await;
    }
}

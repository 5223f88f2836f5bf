//! The stack's alarms.

use aws_sdk_cloudwatch::types::{MetricAlarm, StateValue};

use super::{
    deployment::{Deployment, why},
    finding::{Findings, said},
};

/// Names that one call takes.
const AT_ONCE: usize = 100;

pub(super) async fn check(deployment: &Deployment<'_>, findings: &mut Findings) {
    let client = deployment.aws.cloudwatch();
    for names in deployment.alarms.chunks(AT_ONCE) {
        let described = client.describe_alarms().set_alarm_names(Some(names.to_vec())).send().await;
        match described {
            Ok(described) => {
                let ringing =
                    |alarm: &&MetricAlarm| alarm.state_value() == Some(&StateValue::Alarm);
                for alarm in described.metric_alarms().iter().filter(ringing) {
                    report(alarm, findings);
                }
            }
            Err(error) => findings.unchecked(&said("The alarms", "告警"), &why(error)),
        }
    }
}

fn report(alarm: &MetricAlarm, findings: &mut Findings) {
    let name = alarm.alarm_name().unwrap_or_default();
    let about = alarm.alarm_description().unwrap_or_default();
    findings.add(
        "alarm",
        said(format!("The alarm {name} rings: {about}"), format!("告警 {name} 已触发：{about}")),
        said(
            "The table of alarms in docs/deployment.md says what to do; docs/pay.md has those of payments.",
            "处理方法见 docs/zh/deployment.md 的告警表；支付的告警见 docs/pay.md。",
        ),
    );
}

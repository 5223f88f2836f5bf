//! Functions that cannot run, or are switched off.

use super::{
    deployment::Deployment,
    finding::{Findings, said},
};

pub(super) fn check(deployment: &Deployment<'_>, findings: &mut Findings) {
    for function in &deployment.functions {
        if let Some(why) = &function.broken {
            let name = &function.name;
            findings.add(
                "function-broken",
                said(format!("{name} cannot run: {why}."), format!("{name} 无法运行：{why}。")),
                said(
                    "Deploy again; if it stays, mend what the reason names.",
                    "请重新部署；如仍存在，请解决原因中所述的问题。",
                ),
            );
        }
    }
    let off = deployment.functions.iter().filter(|function| function.is_off);
    let off: Vec<&str> = off.map(|function| function.name.as_str()).collect();
    if !off.is_empty() {
        let names = off.join(", ");
        findings.add(
            "function-off",
            said(
                format!("Switched off by a reserved concurrency of 0: {names}."),
                format!("预留并发数为 0，已关闭：{names}。"),
            ),
            said(
                "If that is over, deploy with another ReservedConcurrency; it also undoes a single function's.",
                "如已无需关闭，请以其他 ReservedConcurrency 部署；单独关闭的函数也会随之恢复。",
            ),
        );
    }
}

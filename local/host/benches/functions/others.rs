//! Other callers of the table and of WeChat.
//!
//! Only a function may be cold when it starts: what it talks to serves thousands.

use std::time::Duration;

use http::Request;
use local::Stack;
use shared::{
    config::Config,
    credentials::{Consistency, CredentialKey, CredentialKind, Store},
    table::Table,
    transport::Transport,
};

use crate::{proxy::Proxies, subject::MINI};

/// Reads the table once and calls WeChat once, on connections of its own.
pub(crate) async fn call(stack: &Stack, proxies: &Proxies) {
    let variables = proxies.through(stack.environment());
    let variable = |name: &str| {
        let found = variables.iter().find(|(of, _)| of == name);
        found.map(|(_, value)| value.clone())
    };
    let config = Config::read(variable, &[]).expect("a stack's environment is a configuration");
    let transport = Transport::new(config.aws.ca_bundle.as_deref()).expect("it was made");
    let table = Table::new(transport.clone(), &config.table_name, &config.aws);
    let key = CredentialKey::new(MINI, CredentialKind::AccessToken);
    let read = table.read(&key, Consistency::Eventual).await;
    read.expect("the table answers").expect("the stack begins with credentials");
    let request = Request::get(config.wechat_api[0].as_str()).body(Default::default());
    let request = request.expect("it is a request");
    let called = transport.send(request, Duration::from_secs(5), 1 << 20).await;
    called.expect("WeChat answers");
}

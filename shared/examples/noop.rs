//! The yardstick of the benchmark: a function that does nothing, on the same runtime.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

fn main() -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run(service_fn(async |_: LambdaEvent<Value>| {
        Ok::<_, Error>(json!({ "statusCode": 200, "body": "{}" }))
    })))
}

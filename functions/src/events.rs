//! What was published on the event bus.
//!
//! 发布到事件总线的内容。

mod redeliver;

pub use redeliver::Redeliver;

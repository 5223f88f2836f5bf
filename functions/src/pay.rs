//! WeChat Pay: orders, refunds and bills of a direct merchant.

pub mod apiv3;
